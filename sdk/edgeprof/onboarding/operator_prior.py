"""The device's operator model as a prior of a search space: latencies of some of its networks, from their operators."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from edgeprof.operator_models.measured import measured_networks
from edgeprof_predictor.methods.default.method import DefaultMethod
from edgeprof_predictor.methods.default.operator_mean import PredictedLatencies
from edgeprof_predictor.operators.exported import with_usual_tags
from edgeprof_predictor.operators.graph import EXPORTED, Graph
from edgeprof_predictor.operators.networks import MeasuredNetwork
from edgeprof_predictor.operators.prediction import EXPORTED_GRAPH_SD
from edgeprof_predictor.operators.profile import OperatorProfile
from edgeprof_predictor.operators.records import OperatorRecord, records_of, untimed
from edgeprof_predictor.operators.space_latencies import LEVEL_SD, predict_space
from edgeprof_predictor.spaces import FloatArray, SearchSpace
from edgeprof_proto.records.measurement import Measurement

GRAPH_COUNT = 100
"""Networks of a space whose graphs are read, each a fraction of a second once. Of NAS-Bench-201 on ONNX Runtime, what
is carried from 24, 45 and 60 networks to others differs from the operator model's own prediction by 3.5, 2.9 and 3.1 %
in the median, by 8.4, 6.7 and 7.5 % in the 90th percentile."""

GRAPHS_SEED = 17


class OperatorPrior:
    """What a device's operator model says of a search space.

    Args:
        profile: The operator model.
        space: The search space.
        graphs: Graphs of some of its networks, by the text of the architecture.
        warning: Why graphs may differ from what the device runs; empty where they do not.
    """

    def __init__(
        self, profile: OperatorProfile, space: SearchSpace, graphs: Mapping[str, Graph], warning: str = ""
    ) -> None:
        self._profile = profile
        self._space = space
        self._warning = warning
        self._records = {text: self._records_of(graph) for text, graph in graphs.items()}
        self._is_exported = any(graph.engine == EXPORTED for graph in graphs.values())

    def __str__(self) -> str:
        """Return what it was learned from, in one line."""
        networks = self._profile.model.networks
        probe_count = sum(network.is_probe for network in networks)
        known = f"{probe_count} probes and {len(networks) - probe_count} models of this device"
        warning = f"; {self._warning}" if self._warning else ""
        return f"{known}, and graphs of {len(self._records)} networks of the space{warning}"

    def adapt(self, method: DefaultMethod, measurements: Mapping[str, Sequence[Measurement]]) -> DefaultMethod:
        """Return a method with the prior, given what is measured of the space.

        Args:
            method: The method of the space, with or without the prior as it was before.
            measurements: All measurements of each architecture, by its text.
        """
        measured = measured_networks(measurements, frozenset())
        # A network's own graph, as the device ran it, comes before the one that was read on this host.
        records = self._records | {network.name: untimed(network.records) for network in measured}
        latencies = predict_space(self._profile.model, list(records.values()), measured)
        log_ms = latencies.log_us - math.log(1_000)
        graph_sd = EXPORTED_GRAPH_SD if self._is_exported and not measured else 0.0
        predicted = PredictedLatencies(
            choices=self._space.pruned(self._space.choices([self._space.parse(text) for text in records])),
            log_ms=log_ms,
            left_out=_left_out(list(records), log_ms, measured, latencies.left_out_log_us - math.log(1_000)),
            level_sd=math.hypot(LEVEL_SD, graph_sd),
        )
        return method.with_predicted(predicted)

    def _records_of(self, graph: Graph) -> tuple[OperatorRecord, ...]:
        records = records_of(graph)
        return with_usual_tags(records, self._profile.model.networks) if graph.engine == EXPORTED else records


def _left_out(
    texts: Sequence[str],
    log_ms: FloatArray,
    measured: Sequence[MeasuredNetwork],
    left_out_log_ms: FloatArray,
) -> FloatArray:
    """Return what all others say of each network, less what its own operators say; 0 for those not measured: `n`."""
    positions = [texts.index(network.name) for network in measured]
    left_out = np.zeros(len(texts))
    left_out[positions] = left_out_log_ms - log_ms[positions]
    return left_out


def networks_to_read(space: SearchSpace) -> list[str]:
    """Return the networks of a space whose graphs are read, by their texts: all of them where there are few.

    Args:
        space: The search space.
    """
    drawn = space.sample_choices(min(GRAPH_COUNT, space.size), seed=GRAPHS_SEED)
    _, first = np.unique(space.pruned(drawn), axis=0, return_index=True)
    return [space.format(item) for item in space.architectures(drawn[np.sort(first)])]
