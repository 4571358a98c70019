"""The latency model of simulated devices: latency of a model as a sum over its nodes.

Each node costs a launch overhead plus the longer of its compute time and its memory time (a roofline). The parameters
of a device are drawn from its seed, so that two devices rank models differently and each is consistent with itself.
They are synthetic; their ranges cover small processors, which are bound by compute, to large ones, which are bound by
launch overhead and memory.
"""

import enum
import math
import random
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from edgeprof_proto.records.job_spec import Setting

ACCELERATOR = "accelerator"
CPU = "cpu"


class NodeKind(enum.Enum):
    """Kinds of nodes whose efficiency differs between devices."""

    CONVOLUTION = "convolution"
    POINTWISE = "pointwise"
    GROUPED = "grouped"
    DENSE = "dense"
    POOL = "pool"
    ELEMENTWISE = "elementwise"
    MOVE = "move"


ACCELERATED_KINDS = frozenset({NodeKind.CONVOLUTION, NodeKind.POINTWISE, NodeKind.DENSE})
"""Kinds that the simulated accelerator runs; the CPU runs the others."""

EFFICIENCY_RANGES = {NodeKind.POOL: (0.003, 0.1), NodeKind.GROUPED: (0.02, 0.3)}
"""Ranges of the efficiency for kinds with little data reuse, where devices differ most; 0.2 to 1 for the others."""

BYTES_PER_NUMBER = {"float32": 4, "int8": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeWork:
    """Work of one node: floating-point operations, and numbers read and written."""

    kind: NodeKind
    flop_count: int
    number_count: int

    @property
    def provider(self) -> str:
        """The provider that runs the node when the setting asks for the accelerator."""
        return ACCELERATOR if self.kind in ACCELERATED_KINDS else CPU


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedDeviceModel:
    """The parameters of one simulated device.

    Args:
        launch_ms: Launch overhead of one node, in milliseconds.
        flops_per_ms: Peak compute of one thread, in operations per millisecond.
        bytes_per_ms: Memory bandwidth, in bytes per millisecond, shared by all threads.
        efficiency: Share of the peak compute that the device reaches, for each kind of node.
        parallel_share: Share of the compute time that scales with threads.
        core_count: Threads beyond this number give no speedup.
        int8_speedup: Speedup of compute in int8.
        accelerator_speedup: Speedup of compute on the accelerator.
        handover_ms: Time of one transfer between CPU and accelerator, in milliseconds.
    """

    launch_ms: float
    flops_per_ms: float
    bytes_per_ms: float
    efficiency: Mapping[NodeKind, float]
    parallel_share: float
    core_count: int
    int8_speedup: float
    accelerator_speedup: float
    handover_ms: float

    @classmethod
    def from_seed(cls, seed: int) -> "SimulatedDeviceModel":
        """Draw the parameters of a device.

        Args:
            seed: Equal seeds give equal devices.
        """
        generator = random.Random(f"edgeprof simulated device {seed}")

        def draw(low: float, high: float) -> float:
            return math.exp(generator.uniform(math.log(low), math.log(high)))

        return cls(
            launch_ms=draw(0.002, 0.05),
            flops_per_ms=draw(1e7, 1e9),
            bytes_per_ms=draw(3e6, 5e7),
            efficiency={kind: draw(*EFFICIENCY_RANGES.get(kind, (0.2, 1.0))) for kind in NodeKind},
            parallel_share=generator.uniform(0.6, 0.95),
            core_count=generator.choice((2, 4, 8)),
            int8_speedup=draw(0.8, 3.0),
            accelerator_speedup=draw(3.0, 10.0),
            handover_ms=draw(0.02, 0.1),
        )

    def latency_ms(self, nodes: Iterable[NodeWork], setting: Setting) -> float:
        """Compute the latency of a graph.

        Args:
            nodes: The graph in the order of execution, sized for the setting's batch.
            setting: Provider, precision and threads, filled in.

        Returns:
            The latency of one run in milliseconds, without noise, warm-up and heat.
        """
        total_ms = 0.0
        place = CPU
        for node in nodes:
            provider = node.provider if setting.provider == ACCELERATOR else CPU
            if provider != place:
                total_ms += self.handover_ms
                place = provider
            total_ms += self._node_ms(node, setting, provider)
        return total_ms

    def _node_ms(self, node: NodeWork, setting: Setting, provider: str) -> float:
        speed = self.flops_per_ms * self.efficiency[node.kind]
        if setting.precision == "int8":
            speed *= self.int8_speedup
        if provider == ACCELERATOR:
            speed *= self.accelerator_speedup
        else:
            thread_count = min(setting.thread_count, self.core_count)
            # Amdahl's law.
            speed /= 1 - self.parallel_share + self.parallel_share / thread_count
        traffic_bytes = node.number_count * BYTES_PER_NUMBER[setting.precision]
        return self.launch_ms + max(node.flop_count / speed, traffic_bytes / self.bytes_per_ms)


def count_nodes(nodes: Iterable[NodeWork]) -> dict[str, int]:
    """Count the nodes that each provider runs when the setting asks for the accelerator.

    Args:
        nodes: The graph.
    """
    return dict(Counter(node.provider for node in nodes))
