"""Runtimes that a worker process can load, one module each."""
