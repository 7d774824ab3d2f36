"""How the miniatures were trained; needs PyTorch."""
