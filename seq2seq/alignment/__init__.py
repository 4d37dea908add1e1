"""Attention maps, word alignment from attention, a statistical word aligner, and drawings of both."""
