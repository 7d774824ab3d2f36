"""Networks that run on Keras."""
