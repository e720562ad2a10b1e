"""One file per page: layout and thin callbacks."""
