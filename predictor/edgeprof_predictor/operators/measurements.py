"""Measured networks as JSON files, one folder a setting: what hyper-parameters and benchmarks are computed from.

`FOLDER/SETTING/NAME.json` holds the graph with the times of its operators, the latency without a profiler, and whether
it is a probe; `FOLDER/groups.json` the group of each whole model, by which the benchmark splits families.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgeprof_predictor._plain_files import MAX_FILE_BYTES, read_plain_file
from edgeprof_predictor.errors import OperatorModelError
from edgeprof_predictor.operators.graph import Graph, graph_from_json, graph_to_json
from edgeprof_predictor.operators.networks import MeasuredNetwork

GROUPS_FILE = "groups.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredSetting:
    """Everything that was measured on one setting.

    Args:
        name: Its name, as "ort".
        probes: The probe suite.
        models: The whole models by name.
        groups: Group of each model by name, as "CNN classifier".
    """

    name: str
    probes: tuple[MeasuredNetwork, ...]
    models: Mapping[str, MeasuredNetwork]
    groups: Mapping[str, str]

    @property
    def networks(self) -> tuple[MeasuredNetwork, ...]:
        """Probes and whole models."""
        return (*self.probes, *self.models.values())


def measurement_to_json(graph: Graph, latency_us: float, *, is_probe: bool) -> dict[str, Any]:
    """Return a measured network as a document that JSON can hold."""
    return {"graph": graph_to_json(graph), "latency_us": latency_us, "is_probe": is_probe}


def read_setting(folder: Path, name: str) -> MeasuredSetting:
    """Return what was measured on a setting.

    Args:
        folder: The folder of all settings.
        name: The setting's folder in it.

    Raises:
        OperatorModelError: If there is none, or a file is damaged.
    """
    paths = sorted((folder / name).glob("*.json"))
    if not paths:
        raise OperatorModelError(f"{folder / name} holds no measured network; measure some first")
    groups = _read(folder / GROUPS_FILE) if (folder / GROUPS_FILE).exists() else {}
    probes, models = [], {}
    for path in paths:
        document = _read(path)
        try:
            network = MeasuredNetwork.of_graph(
                path.stem,
                graph_from_json(document["graph"]),
                float(document["latency_us"]),
                is_probe=bool(document["is_probe"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise OperatorModelError(f"{path} is no measured network ({error}); measure it again") from error
        if network.is_probe:
            probes.append(network)
        else:
            models[path.stem] = network
    return MeasuredSetting(
        name=name,
        probes=tuple(probes),
        models=models,
        groups={model: str(groups.get(model, "other")) for model in models},
    )


def _read(path: Path) -> Any:
    try:
        return json.loads(read_plain_file(path, max_bytes=MAX_FILE_BYTES))
    except (OSError, ValueError) as error:
        raise OperatorModelError(f"{path} cannot be read ({error})") from error
