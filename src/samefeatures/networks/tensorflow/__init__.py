"""Networks that run on TensorFlow."""
