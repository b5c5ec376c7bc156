"""Networks: ONNX files to graphs of primitives, and their evaluation."""
