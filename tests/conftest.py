"""Settings of the whole suite."""

import os

# As the command line does, for the same reason: small matrices on machines that do more than one thing.
os.environ.setdefault("OMP_NUM_THREADS", "1")
