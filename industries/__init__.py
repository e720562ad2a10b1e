"""The district's other industries: what is counted, reported and aimed at; pure."""
