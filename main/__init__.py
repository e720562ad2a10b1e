"""Starts things; the only folder that may know everyone."""
