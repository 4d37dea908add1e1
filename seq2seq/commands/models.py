"""`seq2seq models`: the models that came with the package."""
