"""Tests of main/demo."""
