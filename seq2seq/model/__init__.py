"""Networks: the encoder-decoder Transformer, the language model, and their layers."""
