"""Measured networks of profiles: what predictors of models are compared on, and hyper-parameters are fitted to."""

import json
from collections.abc import Mapping
from pathlib import Path

from edgeprof_predictor.errors import OperatorModelError
from edgeprof_predictor.operators.evaluation.measured_setting import MeasuredSetting
from edgeprof_predictor.operators.profile import OperatorProfile
from edgeprof_predictor.profile_file import PROFILE_SUFFIX, ProfileFile


def measured_settings(source: Path, groups: Mapping[str, str] | None = None) -> dict[str, MeasuredSetting]:
    """Return what was measured for the profiles of models in a file, or in all files of a folder.

    Args:
        source: A profile's file, or a folder of such files (`*.edgeprof`), whose settings have the names of the files.
        groups: Group of each model by name, as "CNN classifier"; the others are of the group "other".

    Raises:
        OperatorModelError: If the folder holds no profile.
        ProfileError: If a file is damaged, or holds no profile of models.
    """
    if not source.is_dir():
        profiles = ProfileFile(source).operator_profiles()
        named = [(profile.platform.get("name", "profile"), profile) for profile in profiles]
        return {name: _setting(profile, name, groups or {}) for name, profile in named}
    paths = sorted(source.glob(f"*{PROFILE_SUFFIX}"))
    if not paths:
        raise OperatorModelError(
            f"{source} holds no profile (*{PROFILE_SUFFIX}): write some with `edgeprof onboard --models`"
        )
    return {path.stem: _setting(ProfileFile(path).operator_profiles()[0], path.stem, groups or {}) for path in paths}


def _setting(profile: OperatorProfile, name: str, groups: Mapping[str, str]) -> MeasuredSetting:
    networks = profile.model.networks
    models = {network.name: network for network in networks if not network.is_probe}
    return MeasuredSetting(
        name=name,
        engine=str(json.loads(profile.platform.get("setting", "{}")).get("runtime", name)),
        probes=tuple(network for network in networks if network.is_probe),
        models=models,
        groups={model: groups.get(model, "other") for model in models},
    )
