"""The host that makes a call."""

import re
from typing import Any

from edgeprof_agent.errors import InvalidRequestError
from edgeprof_agent.trust.authorization import caller_fingerprint
from edgeprof_proto import HOST_NAME_METADATA_KEY

_HOST_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")


def host_of(context: Any) -> str:
    """Return the name of the host that makes a call: the fingerprint of its certificate.

    Without TLS, on loopback, it is the name that the host sends, which is not verified.

    Args:
        context: Context of the call.

    Returns:
        The name; empty for a host of revision 1, which sends none. All such hosts count as one host.

    Raises:
        InvalidRequestError: If the name has a wrong form.
    """
    if fingerprint := caller_fingerprint(context):
        return fingerprint
    name = str(dict(context.invocation_metadata() or ()).get(HOST_NAME_METADATA_KEY, ""))
    if name and not _HOST_NAME.fullmatch(name):
        raise InvalidRequestError(
            f"{HOST_NAME_METADATA_KEY} must be 1 to 64 letters, digits, dots, underscores and hyphens, "
            f"got {name[:80]!r}"
        )
    return name
