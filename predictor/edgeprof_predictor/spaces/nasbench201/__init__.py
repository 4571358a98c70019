"""The NAS-Bench-201 search space."""
