"""Tests of main/tls."""
