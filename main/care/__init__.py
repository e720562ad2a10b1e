"""People and contracts around the plants: config/notifying.yaml and config/maintenance.yaml, read and checked."""
