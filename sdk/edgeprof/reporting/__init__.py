"""What this host has measured: found, compared, and written for other programs."""

from edgeprof.reporting.deletion import Deletion
from edgeprof.reporting.difference import Difference, difference
from edgeprof.reporting.listing import Results, result, results
from edgeprof.reporting.other_tools import add_result
from edgeprof.reporting.over_time import LatencyHistory, Period, over_time
from edgeprof.reporting.profiles import FoundProfile, find_profiles

__all__ = [
    "Deletion",
    "Difference",
    "FoundProfile",
    "LatencyHistory",
    "Period",
    "Results",
    "add_result",
    "difference",
    "find_profiles",
    "over_time",
    "result",
    "results",
]
