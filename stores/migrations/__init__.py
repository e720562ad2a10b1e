"""Changes of the records store's tables, one file a revision, applied at start after a backup."""
