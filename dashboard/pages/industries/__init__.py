"""Pages of the district's other industries."""
