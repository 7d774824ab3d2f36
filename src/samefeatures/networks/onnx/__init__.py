"""Networks that run on ONNX Runtime."""
