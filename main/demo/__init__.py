"""The demonstration: a virtual fleet, everything on loopback, and the check that it tells the truth."""
