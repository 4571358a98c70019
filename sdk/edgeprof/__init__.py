"""edgeprof: measure a handful of networks on a device, then know in milliseconds how fast any other runs there.

with edgeprof.connect("127.0.0.1:20763") as client:
onboarded = edgeprof.onboard(client, "nasbench201")
prediction = edgeprof.predict(onboarded.profile, ["|nor_conv_3x3~0|+|..."])
"""

import importlib
import logging
from typing import TYPE_CHECKING, Any

from edgeprof._version import VERSION as __version__
from edgeprof.errors import EdgeprofError
from edgeprof_proto.records.job_spec import MeasurementPlan, Setting
from edgeprof_proto.records.measurement import Measurement

if TYPE_CHECKING:
    from edgeprof.devices.client import DeviceClient, connect
    from edgeprof.measuring.comparison import Candidate, Comparison, compare
    from edgeprof.measuring.verification import Verification, verify
    from edgeprof.onboarding import Goal, Onboarded, OnboardingListener, onboard
    from edgeprof.prediction import predict
    from edgeprof.searching import search

logging.getLogger(__name__).addHandler(logging.NullHandler())

__all__ = [
    "Candidate",
    "Comparison",
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
    "compare",
    "connect",
    "onboard",
    "predict",
    "search",
    "verify",
]

# What is heavy is imported when it is used: measuring needs no torch, and a device has nothing of the host's.
_MODULE_OF = {
    "Candidate": "edgeprof.measuring.comparison",
    "Comparison": "edgeprof.measuring.comparison",
    "DeviceClient": "edgeprof.devices.client",
    "Goal": "edgeprof.onboarding",
    "Onboarded": "edgeprof.onboarding",
    "OnboardingListener": "edgeprof.onboarding",
    "Verification": "edgeprof.measuring.verification",
    "compare": "edgeprof.measuring.comparison",
    "connect": "edgeprof.devices.client",
    "onboard": "edgeprof.onboarding",
    "predict": "edgeprof.prediction",
    "search": "edgeprof.searching",
    "verify": "edgeprof.measuring.verification",
}


def __getattr__(name: str) -> Any:
    if name in _MODULE_OF:
        return getattr(importlib.import_module(_MODULE_OF[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
