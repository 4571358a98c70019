"""Fixtures for users of edgeprof."""
