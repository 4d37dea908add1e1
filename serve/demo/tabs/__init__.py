"""The tabs and panels of the demo page."""
