"""Version of what runs on the device."""

from edgeprof_proto import CONTRACT_REVISION
from edgeprof_proto.version import VERSION

WORKER_VERSION = f"{VERSION}, contract {CONTRACT_REVISION}"
"""What server and worker compare: after an update in place they differ until the server is started again."""
