"""ONNX operators, one file each; discovered by `_registry`."""
