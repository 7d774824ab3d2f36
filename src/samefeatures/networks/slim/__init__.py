"""TF-Slim's networks in PyTorch, with the weights of Google's checkpoints."""
