"""Latency tables: in memory, in published archives, and imported from other formats."""
