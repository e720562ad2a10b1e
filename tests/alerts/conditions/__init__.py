"""A story for every rule."""
