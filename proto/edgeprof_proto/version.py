"""Version of edgeprof: of all its packages, which are installed together."""

VERSION = "0.1.0"
"""A constant: to read the metadata of the installed package takes 2.5 MB of memory, and longer than `--version`."""
