"""Text processing: normalization, tokenization, sentence splitting and joining, glossaries."""
