"""Tests of the benchmark runner: figures are found, kept with their circumstances, and failures are told."""
