"""From texts to results: the pipeline around a search, forced decoding, and what a user holds."""
