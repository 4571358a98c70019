"""The NAS-Bench-101 search space."""
