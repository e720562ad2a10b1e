"""What runs: read store, think, write store; one verb per file."""
