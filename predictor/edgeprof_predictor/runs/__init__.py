"""Independent units of work: `runner` runs them in parallel, `journal` keeps what is finished on disk.

Neither knows what the units compute.
"""

from edgeprof_predictor.runs.journal import Journal, write_rows
from edgeprof_predictor.runs.runner import BACKENDS, Unit, run_units

__all__ = ["BACKENDS", "Journal", "Unit", "run_units", "write_rows"]
