"""Facts as the source of a model: their tokenizer, the slots of E2E, and ranking by slot errors."""
