"""Latency predictors that go from one search space to another by latencies on reference platforms."""
