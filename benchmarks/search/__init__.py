"""The paper's Figure 10, and searches under a latency limit: `python -m benchmarks.search`."""
