"""The export of a training: the model directory with its card."""
