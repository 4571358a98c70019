"""The public call `what_if`: what a change of a model would save, without running anything."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from edgeprof.devices.client import DeviceClient
from edgeprof.errors import EdgeprofError
from edgeprof.measuring.setting_check import RUNTIMES_OF_MODEL_PRECISION
from edgeprof.network_source import is_network_source
from edgeprof.operator_models.prediction import ModelsProfile, PredictedModel, predict_models
from edgeprof.store.platform import Platform
from edgeprof_predictor.operators.profile import OperatorProfile
from edgeprof_predictor.operators.savings import Saving, savings
from edgeprof_predictor.profile_file import ProfileFile
from edgeprof_proto.shared.onnx_fields import ModelContentError
from edgeprof_proto.shared.onnx_graph import read_model
from edgeprof_proto.shared.onnx_precision import precision_of

Shapes = Mapping[str, Sequence[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A model with one change.

    Args:
        change: What is different, in words.
        predicted: What is predicted of it, or why nothing is.
        saved_ms: What it takes less than the model as it is; below zero where it takes more, None where nothing is
            predicted.
    """

    change: str
    predicted: PredictedModel
    saved_ms: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """What changes of a model would save.

    Args:
        original: The model as it is.
        variants: The model with one change each.
        savings: What changes of its costliest operators would save.
    """

    original: PredictedModel
    variants: tuple[Variant, ...]
    savings: tuple[Saving, ...]


def what_if(
    profile: ModelsProfile,
    model: str | os.PathLike[str],
    *,
    client: DeviceClient | None = None,
    input_shapes: Shapes = MappingProxyType({}),
    shapes: Sequence[Shapes] = (),
    models: Sequence[str | os.PathLike[str]] = (),
    profiles: Sequence[ModelsProfile] = (),
) -> WhatIf:
    """Predict a model as it is and with changes: other shapes, other settings of the profile, other models.

    Args:
        profile: The profile, or the file that holds it. Every further setting that the file holds is a variant.
        model: The model's file, or a torch module as `path/to/file.py:callable`.
        client: The device of the profile, which then tells graphs; None for the same runtimes on this host.
        input_shapes: Shapes of the model as it is, as for `predict_models`.
        shapes: Other shapes of its inputs or open dimensions, each set a variant.
        models: Other models to compare with, for example the same module at another width.
        profiles: Further profiles, or files of them: each of their settings is a variant. Their graphs come from this
            host.

    Raises:
        ProfileError: If a file is damaged, or predicts search spaces.
        EdgeprofError: If the profile belongs to another device, or the model as it is cannot be predicted.
    """
    first, *others = _settings(profile)
    original = predict_models(first, [model], client=client, input_shapes=input_shapes)[0]
    if original.prediction is None:
        raise EdgeprofError(original.failure)
    variants = []
    for change in shapes:
        text = ", ".join(f"{name}={'x'.join(map(str, sizes))}" for name, sizes in change.items())
        found = predict_models(first, [model], client=client, input_shapes={**input_shapes, **change})
        variants.append(_variant(text, original, found[0]))
    for other in models:
        for found_model in predict_models(first, [other], client=client, input_shapes=input_shapes):
            variants.append(_variant(found_model.name, original, found_model))
    for setting, teller in [*((item, client) for item in others), *((item, None) for item in _all_of(profiles))]:
        change_text = _difference(first, setting)
        reason = _why_not(setting, model)
        if reason:
            found_setting = PredictedModel(name=original.name, prediction=None, failure=reason)
        else:
            found_setting = predict_models(setting, [model], client=teller, input_shapes=input_shapes)[0]
        variants.append(_variant(change_text, original, found_setting))
    return WhatIf(original=original, variants=tuple(variants), savings=savings(first.model, original.prediction))


def _settings(profile: ModelsProfile) -> list[OperatorProfile]:
    if isinstance(profile, OperatorProfile):
        return [profile]
    return ProfileFile.of(profile).operator_profiles()


def _all_of(profiles: Sequence[ModelsProfile]) -> Iterator[OperatorProfile]:
    for one in profiles:
        yield from _settings(one)


def _variant(change: str, original: PredictedModel, predicted: PredictedModel) -> Variant:
    before, after = original.prediction, predicted.prediction
    saved_ms = None
    if before is not None and after is not None and before.latency_ms is not None and after.latency_ms is not None:
        saved_ms = before.latency_ms - after.latency_ms
    return Variant(change=change, predicted=predicted, saved_ms=saved_ms)


def _difference(first: OperatorProfile, other: OperatorProfile) -> str:
    """Say what is different on another platform: its device, and the fields of its setting."""
    before, after = Platform.from_facts(first.platform), Platform.from_facts(other.platform)
    device = [after.device_name] if after.device_id != before.device_id else []
    fields = {
        "runtime": after.setting.runtime,
        "provider": after.setting.provider,
        "precision": after.setting.precision,
        "thread_count": f"{after.setting.thread_count} threads",
        "batch_size": f"batch {after.setting.batch_size}",
    }
    changed = [text for name, text in fields.items() if getattr(before.setting, name) != getattr(after.setting, name)]
    new_options = after.setting.options.items() - before.setting.options.items()
    options = [f"{name}={value}" for name, value in sorted(new_options)]
    return ", ".join([*device, *changed, *options]) or after.name


def _why_not(profile: OperatorProfile, model: str | os.PathLike[str]) -> str:
    """Say why a file does not run in another precision; empty where it may."""
    setting = Platform.from_facts(profile.platform).setting
    if is_network_source(os.fspath(model)) or setting.runtime not in RUNTIMES_OF_MODEL_PRECISION:
        return ""
    try:
        precision = precision_of(read_model(Path(model)))
    except (ModelContentError, OSError):
        return ""  # the runtime says what is wrong with it
    if precision == setting.precision:
        return ""
    return (
        f"the file computes in {precision}, and {setting.runtime} in the precision of the file: name a model in "
        f"{setting.precision}"
    )
