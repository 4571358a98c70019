"""The default method: all of it, and nothing of any other."""
