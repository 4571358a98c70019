"""Latency of any model from the operators that an engine runs for it."""
