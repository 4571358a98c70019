"""The NAS-Bench-301 (DARTS) search space."""
