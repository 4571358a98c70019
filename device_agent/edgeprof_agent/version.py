"""Version of edgeprof. A constant, since reading the package's metadata would take 2.5 MB of memory."""

from edgeprof_proto import CONTRACT_REVISION

VERSION = "0.1.0"

WORKER_VERSION = f"{VERSION}, contract {CONTRACT_REVISION}"
"""What server and worker compare: after an update in place they differ until the server is started again."""
