"""The virtual fleet, real on the wire; only main starts it."""
