"""Tests of the field verbs."""
