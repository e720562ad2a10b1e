"""Tests of notifiers."""
