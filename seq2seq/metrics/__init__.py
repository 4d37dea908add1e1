"""Scores of outputs against references, diagnostics of a test set, and alignment error rate."""
