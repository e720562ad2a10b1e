"""Benchmarks and campaigns: one file a work; `python -m bench` runs them all."""
