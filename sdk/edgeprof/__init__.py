"""edgeprof: measure a handful of networks on a device, then know in milliseconds how fast any other runs there.

with edgeprof.connect("raspberrypi:20763") as client:
onboarded = edgeprof.onboard(client, "nasbench201")
prediction = edgeprof.predict(onboarded.profile, ["|nor_conv_3x3~0|+|..."])
"""

import logging
from typing import TYPE_CHECKING, Any

from edgeprof._version import VERSION as __version__
from edgeprof.client import DeviceClient
from edgeprof.errors import EdgeprofError
from edgeprof_proto.records import Measurement, MeasurementPlan, Setting

if TYPE_CHECKING:
    from edgeprof.onboarding import Goal, Onboarded, OnboardingListener, onboard
    from edgeprof.prediction import predict
    from edgeprof.verification import Verification, verify

logging.getLogger(__name__).addHandler(logging.NullHandler())

__all__ = [
    "DeviceClient",
    "EdgeprofError",
    "Goal",
    "Measurement",
    "MeasurementPlan",
    "Onboarded",
    "OnboardingListener",
    "Setting",
    "Verification",
    "__version__",
    "connect",
    "onboard",
    "predict",
    "verify",
]

_MODULE_OF = {
    "Goal": "edgeprof.onboarding",
    "Onboarded": "edgeprof.onboarding",
    "OnboardingListener": "edgeprof.onboarding",
    "Verification": "edgeprof.verification",
    "onboard": "edgeprof.onboarding",
    "predict": "edgeprof.prediction",
    "verify": "edgeprof.verification",
}


def connect(address: str) -> DeviceClient:
    """Connect to the agent of a device.

    Args:
        address: `host:port`.

    Raises:
        AgentUnavailableError: If nobody answers there.
        AgentTooOldError: If the agent's contract is older than this host needs.
        HostTooOldError: If the agent no longer understands this host.
    """
    client = DeviceClient(address)
    try:
        client.handshake()
    except EdgeprofError:
        client.close()
        raise
    return client


def __getattr__(name: str) -> Any:
    # What needs torch is imported when it is used: measuring alone stays light.
    if name in _MODULE_OF:
        import importlib

        return getattr(importlib.import_module(_MODULE_OF[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
