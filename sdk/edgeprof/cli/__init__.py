"""The host's command line: one thin module for each verb."""

from edgeprof.cli.main import main

__all__ = ["main"]
