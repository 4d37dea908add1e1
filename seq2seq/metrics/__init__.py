"""Corpus scores against references, diagnostics of a test set, and the alignment error rate."""
