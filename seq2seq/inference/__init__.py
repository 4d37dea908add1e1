"""Inference: the pipeline around a search, forced decoding, and the public `Translator` and `Generator`."""
