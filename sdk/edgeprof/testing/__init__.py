"""A simulated device for your own tests: the real agent, with a runtime of virtual time and known latencies.

    def test_my_script_onboards_a_device(simulated_device):
        with edgeprof.connect(simulated_device.address) as client:
            onboarded = edgeprof.onboard(client, "nasbench201", setting=simulated_device.setting)
        ...

The fixture `simulated_device` comes with the installation; `make_simulated_device` makes devices with a seed,
noise, heat or faults of your choice.
"""

from edgeprof.testing.link import Link
from edgeprof.testing.simulated_device import Fault, FaultKind, Heat, SimulatedDevice, SimulationConfig

__all__ = ["Fault", "FaultKind", "Heat", "Link", "SimulatedDevice", "SimulationConfig"]
