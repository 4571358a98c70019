"""The document of a profile of models: where their time goes, by class of operator and by operator."""

import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

from edgeprof_predictor.operators.networks import MeasuredNetwork
from edgeprof_predictor.operators.profile import OperatorProfile

MAX_OPERATOR_COUNT: Final = 1_000
"""Operators that are listed at most, those that take most."""

MAX_CLASS_COUNT: Final = 9
"""Classes that are told apart at most, those that take most; the rest is `other`."""

OTHER: Final = "other"


def models_document(profile: OperatorProfile) -> dict[str, Any]:
    """Return what a page shows of a profile of models.

    Args:
        profile: The profile.
    """
    platform = profile.platform
    own = [network for network in profile.model.networks if not network.is_probe]
    probes = [network for network in profile.model.networks if network.is_probe]
    # A profile without models of the user's own rests on the probes.
    shown = own or probes
    classes = _largest_classes(shown)
    return {
        "kind": "models",
        "title": f"models on {platform.get('device_name', 'a device')}",
        "platform": platform.get("name", ""),
        "device_name": platform.get("device_name", ""),
        "setting": json.loads(platform.get("setting", "{}")),
        "provenance": dict(profile.provenance),
        "is_coarse": profile.is_coarse,
        "own_count": len(own),
        "probe_count": len(probes),
        "classes": classes,
        "networks": [_network(network, classes) for network in shown],
        "operators": _operators(shown),
    }


def _class_times(network: MeasuredNetwork) -> dict[str, float]:
    times: dict[str, float] = defaultdict(float)
    for record in network.records:
        if record.time_us is not None:
            times[record.operator_class.value] += record.time_us * record.count / 1_000
    return times


def _largest_classes(networks: Sequence[MeasuredNetwork]) -> list[str]:
    shares: dict[str, float] = defaultdict(float)
    for network in networks:
        # Each network counts alike: a slow one does not decide which classes are told apart.
        for name, time_ms in _class_times(network).items():
            shares[name] += time_ms / network.latency_us
    ranked = sorted(shares, key=lambda name: -shares[name])
    return [*ranked[:MAX_CLASS_COUNT], *([OTHER] if len(ranked) > MAX_CLASS_COUNT else [])]


def _network(network: MeasuredNetwork, classes: Sequence[str]) -> dict[str, Any]:
    times: dict[str, float] = defaultdict(float)
    for name, time_ms in _class_times(network).items():
        times[name if name in classes else OTHER] += time_ms
    return {
        "name": network.name,
        "latency_ms": network.latency_us / 1_000,
        "operator_count": sum(record.count for record in network.records),
        "model_memory_bytes": None if network.memory is None else network.memory.model_bytes,
        "class_ms": {name: times[name] for name in classes},
    }


def _operators(networks: Sequence[MeasuredNetwork]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = [
        {
            "network": network.name,
            "operator": record.tag,
            "class": record.operator_class.value,
            "count": record.count,
            "time_ms": record.time_us * record.count / 1_000,
            "share": record.time_us * record.count / network.latency_us,
            "mflop": record.sizes.flops / 1e6,
            "names": list(record.names),
        }
        for network in networks
        for record in network.records
        if record.time_us is not None
    ]
    return sorted(rows, key=lambda row: -row["share"])[:MAX_OPERATOR_COUNT]
