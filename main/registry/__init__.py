"""The registry behind `config/`: what a record is, how it is read, checked, written, and kept in revisions."""
