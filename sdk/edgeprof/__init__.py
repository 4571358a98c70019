"""Host side of edgeprof."""
