"""Stores to view records; scope is applied here."""
