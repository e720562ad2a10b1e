"""Roles, scopes and permissions: who may ask what; pure; deny by default."""
