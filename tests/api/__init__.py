"""Tests of the data interface."""
