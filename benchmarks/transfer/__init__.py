"""Latency predictors between search spaces, on published tables and on this machine."""
