"""Model directories: reading and writing them, their settings, quantization, released models and the hub."""
