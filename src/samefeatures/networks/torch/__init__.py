"""Networks that run on PyTorch."""
