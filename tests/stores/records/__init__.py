"""Tests of stores/records: the contract suite and what is particular to each database."""
