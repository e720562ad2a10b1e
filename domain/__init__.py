"""The nouns that cross a folder border: pure, standard library only (numpy and pandas in sun and frame)."""
