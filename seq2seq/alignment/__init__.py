"""Attention maps, the word alignment read from them, a statistical aligner, and drawings of both."""
