"""The two search spaces of TransNAS-Bench-101."""
