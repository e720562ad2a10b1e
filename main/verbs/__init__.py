"""The verbs of the command line, one file each: what it says of itself, its arguments, what it does."""
