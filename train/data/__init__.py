"""Training data: corpora, cleaning, batches and their order."""
