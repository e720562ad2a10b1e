"""Tests of the other industries."""
