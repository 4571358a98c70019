"""What was learned from measured networks, as named arrays and JSON: a model is loaded without conditioning it again.

The factor of an operator model is most of it, 2000 rows at most. Its lower triangle is stored in single precision: half
of 16 MB, and standard deviations of predictions differ by a millionth at most. Everything else keeps double precision.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.errors import OperatorModelError
from edgeprof_predictor.operators.blend import BlendedModel
from edgeprof_predictor.operators.calibration import Calibration, LeftOut
from edgeprof_predictor.operators.encoding import Codes
from edgeprof_predictor.operators.gaussian_process import Posterior
from edgeprof_predictor.operators.hyperparameters import FEATURE_COUNT, Hyperparameters
from edgeprof_predictor.operators.kernel import Array, Inputs
from edgeprof_predictor.operators.model import OperatorModel
from edgeprof_predictor.operators.networks import MeasuredNetwork, thinned
from edgeprof_predictor.operators.networks_on_demand import NetworksOnDemand
from edgeprof_predictor.operators.totals import TotalsModel

Arrays = dict[str, NDArray[np.generic]]
AnyModel = BlendedModel | OperatorModel | TotalsModel

OPERATORS: Final = "posterior."
TOTALS: Final = "totals."
"""Arrays begin with these."""

_CODES: Final = ("classes", "tags", "networks", "is_probe")


def posterior_parts(model: AnyModel) -> tuple[Arrays, dict[str, Any]]:
    """Return arrays and document of what a model has learned, without the networks that it has learned from."""
    if isinstance(model, BlendedModel):
        first, of_first = posterior_parts(model.operators)
        second, of_second = posterior_parts(model.totals)
        return first | second, of_first | of_second | {"calibration": dataclasses.asdict(model.calibration)}
    if isinstance(model, OperatorModel):
        arrays = _inputs_parts(OPERATORS, model.posterior.inputs)
        size = len(model.posterior.inputs)
        arrays[f"{OPERATORS}weights"] = model.posterior.weights
        arrays[f"{OPERATORS}factor"] = model.posterior.factor[np.tri(size, dtype=bool)].astype(np.float32)
        return arrays, {OPERATORS: _described(model.codes, model.calibration)}
    arrays = _inputs_parts(TOTALS, model.inputs)
    arrays[f"{TOTALS}weights"] = model.weights
    arrays[f"{TOTALS}factor"] = model.factor
    # Of each operator one share is not 0: that of its own network.
    arrays[f"{TOTALS}shares"] = model.shares[model.inputs.networks, np.arange(len(model.inputs))]
    return arrays, {TOTALS: _described(model.codes, model.calibration)}


def model_of_posterior(
    kind: type[AnyModel],
    arrays: Mapping[str, NDArray[np.generic]],
    document: Mapping[str, Any],
    networks: Sequence[MeasuredNetwork],
    filled_count: int,
    hyper: Hyperparameters,
) -> AnyModel:
    """Return the model of what `posterior_parts` gave, without looking at any network.

    Args:
        kind: Class of the model.
        arrays: The arrays.
        document: The document.
        networks: What it has learned from.
        filled_count: How many of them have operators.
        hyper: Its hyper-parameters.

    Raises:
        OperatorModelError: If a shape or a number cannot be right.
        KeyError: If something is missing; `TypeError` and `ValueError` if it is no number.
    """
    if kind is OperatorModel:
        return _operators(arrays, document[OPERATORS], networks, hyper)
    if kind is TotalsModel:
        return _totals(arrays, document[TOTALS], networks, filled_count, hyper)
    return BlendedModel(
        operators=_operators(arrays, document[OPERATORS], networks, hyper),
        totals=_totals(arrays, document[TOTALS], networks, filled_count, hyper),
        calibration=_calibration(document["calibration"]),
    )


def _operators(
    arrays: Mapping[str, NDArray[np.generic]],
    document: Mapping[str, Any],
    networks: Sequence[MeasuredNetwork],
    hyper: Hyperparameters,
) -> OperatorModel:
    inputs = _inputs(OPERATORS, arrays)
    size = len(inputs)
    triangle = _checked(arrays, f"{OPERATORS}factor", (size * (size + 1) // 2,))
    factor = np.zeros((size, size))
    for row in range(size):
        begin = row * (row + 1) // 2
        factor[row, : row + 1] = triangle[begin : begin + row + 1]
    posterior = Posterior(
        hyper=hyper,
        inputs=inputs,
        factor=_checked_factor(factor),
        weights=_numbers(arrays, f"{OPERATORS}weights", (size,)),
    )
    return OperatorModel(
        posterior=posterior,
        calibration=_calibration(document["calibration"]),
        codes=_codes(document["tags"], inputs),
        networks=NetworksOnDemand(partial(thinned, networks)),
    )


def _totals(
    arrays: Mapping[str, NDArray[np.generic]],
    document: Mapping[str, Any],
    networks: Sequence[MeasuredNetwork],
    count: int,
    hyper: Hyperparameters,
) -> TotalsModel:
    inputs = _inputs(TOTALS, arrays)
    size = len(inputs)
    if inputs.networks.min() < 0 or inputs.networks.max() >= count:
        raise OperatorModelError("the operator model names a network that it does not hold; onboard the device again")
    shares = np.zeros((count, size))
    shares[inputs.networks, np.arange(size)] = _numbers(arrays, f"{TOTALS}shares", (size,))
    return TotalsModel(
        hyper=hyper,
        inputs=inputs,
        shares=shares,
        factor=_checked_factor(_numbers(arrays, f"{TOTALS}factor", (count, count))),
        weights=_numbers(arrays, f"{TOTALS}weights", (count,)),
        calibration=_calibration(document["calibration"]),
        codes=_codes(document["tags"], inputs),
        networks=NetworksOnDemand(partial(_filled, networks)),
    )


def _filled(networks: Sequence[MeasuredNetwork]) -> list[MeasuredNetwork]:
    return [network for network in networks if network.records]


def _inputs_parts(prefix: str, inputs: Inputs) -> Arrays:
    codes = np.array([getattr(inputs, name) for name in _CODES], dtype=np.int64)
    return {f"{prefix}features": inputs.features, f"{prefix}codes": codes}


def _inputs(prefix: str, arrays: Mapping[str, NDArray[np.generic]]) -> Inputs:
    count = len(arrays[f"{prefix}features"])
    codes = np.asarray(arrays[f"{prefix}codes"])
    if not count or codes.shape != (len(_CODES), count) or codes.dtype != np.int64:
        raise OperatorModelError(f"the operator model holds codes of the shape {codes.shape}; onboard the device again")
    classes, tags, networks, is_probe = codes
    return Inputs(
        features=_numbers(arrays, f"{prefix}features", (count, FEATURE_COUNT)),
        classes=classes,
        tags=tags,
        networks=networks,
        is_probe=is_probe.astype(np.bool_),
    )


def _numbers(arrays: Mapping[str, NDArray[np.generic]], name: str, shape: tuple[int, ...]) -> Array:
    return np.asarray(_checked(arrays, name, shape), dtype=np.float64)


def _checked(arrays: Mapping[str, NDArray[np.generic]], name: str, shape: tuple[int, ...]) -> NDArray[Any]:
    """Return an array of finite numbers, in the precision in which it is stored."""
    numbers: NDArray[Any] = arrays[name]
    if numbers.shape != shape or not np.isfinite(numbers).all():
        raise OperatorModelError(
            f"the operator model's array {name} has the shape {numbers.shape} instead of {shape}, or a number that is "
            "not finite; onboard the device again"
        )
    return numbers


def _checked_factor(factor: Array) -> Array:
    if not (np.diagonal(factor) > 0).all():
        raise OperatorModelError("the operator model holds a factor that is none; onboard the device again")
    return factor


def _described(codes: Codes, calibration: Calibration) -> dict[str, Any]:
    return {"tags": sorted(codes.tags, key=codes.tags.__getitem__), "calibration": dataclasses.asdict(calibration)}


def _codes(tags: Sequence[str], inputs: Inputs) -> Codes:
    if inputs.tags.min() < 0 or inputs.tags.max() >= len(tags):
        raise OperatorModelError("the operator model names an implementation that it does not hold")
    return Codes({str(tag): code for code, tag in enumerate(tags)})


def _calibration(entry: Mapping[str, Any]) -> Calibration:
    numbers = {name: float(entry[name]) for name in ("level", "level_variance", "scale", "degrees")}
    if not np.isfinite(list(numbers.values())).all() or numbers["scale"] <= 0 or numbers["degrees"] <= 0:
        raise OperatorModelError(f"the operator model holds a calibration of {numbers}; onboard the device again")
    left_out = [
        LeftOut(network=str(one["network"]), log_error=float(one["log_error"]), sd=float(one["sd"]))
        for one in entry["left_out"]
    ]
    return Calibration(**numbers, left_out=tuple(left_out))
