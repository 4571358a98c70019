"""Settings of the whole suite."""

import os
import tempfile

# As the command line does, for the same reason: small matrices on machines that do more than one thing.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# No test reads or writes the pairings of whoever runs it.
os.environ["EDGEPROF_PAIRINGS"] = os.path.join(tempfile.gettempdir(), f"edgeprof-no-pairings-{os.getpid()}.json")
