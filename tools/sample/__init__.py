"""The parts of the sample registry: villages, plants, shares. Invented, and the same at every run."""
