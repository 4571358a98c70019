"""Settings of the whole suite."""

import atexit
import glob
import os
import tempfile

# As the command line does, for the same reason: small matrices on machines that do more than one thing.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# No test reads or writes the pairings and the store of whoever runs it, which may be of another version.
_OWN = os.path.join(tempfile.gettempdir(), f"edgeprof-tests-{os.getpid()}")
os.environ["EDGEPROF_PAIRINGS"] = f"{_OWN}-pairings.json"
os.environ["EDGEPROF_STORE"] = f"{_OWN}-store.sqlite3"
atexit.register(lambda: [os.remove(path) for path in glob.glob(f"{_OWN}-*")])
