"""The data interface: /api/v1 for programs of other bureaus, by token, read only."""
