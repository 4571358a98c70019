"""An operator model as named arrays and a JSON document, for the file of a profile.

What was measured is stored with the hyper-parameters, and what was learned from it (`stored_posterior`): conditioning
on it again takes seconds. Version 2 held the first alone, and is conditioned again when it is loaded. The numbers of
measured networks are checked then; their records are made when somebody looks at them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.errors import OperatorModelError
from edgeprof_predictor.operators.blend import BlendedModel
from edgeprof_predictor.operators.classes import OperatorClass
from edgeprof_predictor.operators.hyperparameters import Hyperparameters
from edgeprof_predictor.operators.live_memory import LiveMemory
from edgeprof_predictor.operators.model import OperatorModel
from edgeprof_predictor.operators.networks import MAX_RECORDS, MeasuredNetwork
from edgeprof_predictor.operators.networks_on_demand import NetworksOnDemand
from edgeprof_predictor.operators.peak_memory import MeasuredMemory
from edgeprof_predictor.operators.records import OperatorRecord
from edgeprof_predictor.operators.sizes import MAX_SIZE, Sizes
from edgeprof_predictor.operators.stored_posterior import AnyModel, model_of_posterior, posterior_parts
from edgeprof_predictor.operators.totals import TotalsModel

VERSION: Final = 3
READABLE_VERSIONS: Final = (2, VERSION)
PREFIX: Final = "operators."
"""Arrays of an operator model begin with this, beside those of search spaces in one file."""

MAX_NETWORKS: Final = 10_000
MAX_STORED_RECORDS: Final = 20 * MAX_RECORDS

_SIZES: Final = tuple(Sizes.__dataclass_fields__)
_NUMBERS: Final = (
    "working_set",
    "network_weights",
    "reuse_bytes",
    "time_us",
    "count",
    "is_known",
    "operator_class",
    "tag",
    "network",
)

KINDS: Final[dict[str, type[BlendedModel] | type[OperatorModel] | type[TotalsModel]]] = {
    "both": BlendedModel,
    "operators": OperatorModel,
    "totals": TotalsModel,
}
"""What a model was learned from, as stored."""


def to_parts(model: AnyModel) -> tuple[dict[str, NDArray[np.generic]], dict[str, Any]]:
    """Return arrays and document of a model."""
    records = [record for network in model.networks for record in network.records]
    owners = [position for position, network in enumerate(model.networks) for _ in network.records]
    tags = sorted({record.tag for record in records})
    classes = [operator_class.value for operator_class in OperatorClass]
    codes = {tag: code for code, tag in enumerate(tags)}
    numbers = [
        (
            record.working_set,
            record.network_weights,
            record.reuse_bytes,
            np.nan if record.time_us is None else record.time_us,
            record.count,
            record.is_known,
            classes.index(record.operator_class.value),
            codes[record.tag],
            owner,
        )
        for record, owner in zip(records, owners, strict=True)
    ]
    tensors: dict[str, NDArray[np.generic]] = {
        f"{PREFIX}sizes": np.array([[getattr(record.sizes, name) for name in _SIZES] for record in records]),
        f"{PREFIX}numbers": np.array(numbers, dtype=np.float64),
    }
    learned, described = posterior_parts(model)
    document = {
        "version": VERSION,
        "learned": described,
        "learned_from": next(name for name, kind in KINDS.items() if isinstance(model, kind)),
        "sizes": list(_SIZES),
        "numbers": list(_NUMBERS),
        "classes": classes,
        "tags": tags,
        "networks": [_network_to_json(network) for network in model.networks],
        "hyperparameters": model.hyper.to_json(),
    }
    return tensors | learned, document


def from_parts(tensors: Mapping[str, NDArray[np.generic]], document: Mapping[str, Any]) -> AnyModel:
    """Return the model of arrays and a document.

    Raises:
        OperatorModelError: If they are damaged or of another version.
    """
    try:
        if document["version"] not in READABLE_VERSIONS:
            raise OperatorModelError(
                f"the operator model is of version {document['version']!r}, this release reads 2 and {VERSION}; "
                "use the release that wrote it or onboard the device again"
            )
        networks, filled_count = _networks(tensors, document)
        hyper = Hyperparameters.from_json(document["hyperparameters"])
        kind = KINDS[document["learned_from"]]
        if "learned" in document:
            return model_of_posterior(kind, tensors, document["learned"], networks, filled_count, hyper)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
        raise OperatorModelError(f"the operator model is damaged ({error!r}); onboard the device again") from error
    return kind.fit(networks, hyper)


def _networks(tensors: Mapping[str, NDArray[np.generic]], document: Mapping[str, Any]) -> tuple[NetworksOnDemand, int]:
    """Return the measured networks, all numbers checked, and how many of them have operators."""
    sizes = np.asarray(tensors[f"{PREFIX}sizes"], dtype=np.float64)
    numbers = np.asarray(tensors[f"{PREFIX}numbers"], dtype=np.float64)
    listed = document["networks"]
    count = len(numbers)
    if document["sizes"] != list(_SIZES) or document["numbers"] != list(_NUMBERS):
        raise OperatorModelError("the operator model holds other numbers than this release reads")
    if count > MAX_STORED_RECORDS or len(listed) > MAX_NETWORKS:
        raise OperatorModelError(f"the operator model holds {count} operators of {len(listed)} networks: too many")
    if sizes.shape != (count, len(_SIZES)) or numbers.shape != (count, len(_NUMBERS)):
        raise OperatorModelError(f"the operator model's arrays have shapes {sizes.shape} and {numbers.shape}")
    if not (np.isfinite(sizes).all() and (sizes >= 0).all() and (sizes <= MAX_SIZE).all()):
        raise OperatorModelError("the operator model holds a size that is negative or not finite")
    _check_numbers(numbers, document)
    networks = [
        MeasuredNetwork(
            name=str(entry["name"]),
            records=(),
            latency_us=float(entry["latency_us"]),
            is_probe=bool(entry["is_probe"]),
            memory=_memory_from_json(entry.get("memory")),
        )
        for entry in listed
    ]
    filled_count = len(set(numbers[:, _NUMBERS.index("network")].tolist()))
    return NetworksOnDemand(partial(_with_records, networks, sizes, numbers, document)), filled_count


def _check_numbers(numbers: NDArray[np.float64], document: Mapping[str, Any]) -> None:
    """Check the numbers of operators.

    Raises:
        OperatorModelError: If a code or a time is out of range.
        ValueError: If this release does not know a class.
    """
    columns = dict(zip(_NUMBERS, numbers.T, strict=True))
    for name, listed in (("operator_class", "classes"), ("tag", "tags"), ("network", "networks")):
        if not ((columns[name] >= 0) & (columns[name] < len(document[listed]))).all():
            raise OperatorModelError(f"the operator model holds an operator whose {name} it does not list")
    for code in set(columns["operator_class"].tolist()):
        OperatorClass(document["classes"][int(code)])
    # An operator without a time has NaN.
    if (columns["time_us"] <= 0).any() or not (columns["count"] >= 1).all():
        raise OperatorModelError("the operator model holds a time or a count that is not above 0")


def _with_records(
    networks: Sequence[MeasuredNetwork],
    sizes: NDArray[np.float64],
    numbers: NDArray[np.float64],
    document: Mapping[str, Any],
) -> Iterator[MeasuredNetwork]:
    """Yield networks with their operators."""
    by_network: list[list[OperatorRecord]] = [[] for _ in networks]
    # As lists of numbers: a NumPy scalar for each would take most of the time.
    for of_sizes, of_numbers in zip(sizes.tolist(), numbers.tolist(), strict=True):
        record, owner = _record(of_sizes, of_numbers, document)
        by_network[owner].append(record)
    for network, records in zip(networks, by_network, strict=True):
        yield replace(network, records=tuple(records))


def _network_to_json(network: MeasuredNetwork) -> dict[str, Any]:
    document: dict[str, Any] = {
        "name": network.name,
        "latency_us": network.latency_us,
        "is_probe": network.is_probe,
    }
    memory = network.memory
    if memory is not None:
        document["memory"] = [*memory.need.parts(), memory.engine_bytes, memory.model_bytes]
    return document


def _memory_from_json(values: Any) -> MeasuredMemory | None:
    """Return the memory of a network; None for one of a release that did not store it.

    Raises:
        ValueError: If it is damaged.
    """
    if values is None:
        return None
    *parts, engine_bytes, model_bytes = (float(value) for value in values)
    need = LiveMemory.from_parts(parts)
    return MeasuredMemory(need=need, engine_bytes=engine_bytes, model_bytes=model_bytes)


def _record(
    sizes: Sequence[float], numbers: Sequence[float], document: Mapping[str, Any]
) -> tuple[OperatorRecord, int]:
    entry = dict(zip(_NUMBERS, numbers, strict=True))
    time_us = entry["time_us"]
    record = OperatorRecord(
        operator_class=OperatorClass(document["classes"][int(entry["operator_class"])]),
        tag=str(document["tags"][int(entry["tag"])]),
        sizes=Sizes(**dict(zip(_SIZES, sizes, strict=True))),
        working_set=entry["working_set"],
        network_weights=entry["network_weights"],
        reuse_bytes=entry["reuse_bytes"],
        count=int(entry["count"]),
        time_us=None if math.isnan(time_us) else time_us,
        is_known=bool(entry["is_known"]),
    )
    return record, int(entry["network"])
