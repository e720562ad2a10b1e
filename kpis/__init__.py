"""Performance as pure functions."""
