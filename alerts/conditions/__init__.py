"""One file per kind of condition: what a rule needs to see, and when it holds."""
