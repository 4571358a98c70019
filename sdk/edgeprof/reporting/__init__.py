"""What this host has measured: found, compared, and written for other programs."""

from edgeprof.reporting.difference import Difference, difference
from edgeprof.reporting.listing import Results, result, results

__all__ = ["Difference", "Results", "difference", "result", "results"]
