"""From a finished training to a model directory with its card."""
