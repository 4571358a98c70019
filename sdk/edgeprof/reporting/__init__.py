"""What this host has measured: found, compared, and written for other programs."""

from edgeprof.reporting.deletion import Deletion
from edgeprof.reporting.difference import Difference, difference
from edgeprof.reporting.listing import Results, result, results
from edgeprof.reporting.profiles import FoundProfile, find_profiles

__all__ = ["Deletion", "Difference", "FoundProfile", "Results", "difference", "find_profiles", "result", "results"]
