"""REST routes, one file a family."""
