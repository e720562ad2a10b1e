"""Backups: one sealed archive of everything kept, verified after writing, restored in a test every night."""
