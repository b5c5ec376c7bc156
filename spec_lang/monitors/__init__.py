"""Runtime checks: conditions on one run of a network, added to its ONNX file."""
