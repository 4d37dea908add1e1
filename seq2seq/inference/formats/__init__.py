"""Formats of other programs: models exported to ONNX and transformers, and imported from Marian."""
