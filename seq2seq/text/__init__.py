"""Texts: normalization, tokenization, sentence splitting and joining, glossaries and placeholders."""
