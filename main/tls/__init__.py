"""Certificates of the district's own authority: no internet, no public name needed."""
