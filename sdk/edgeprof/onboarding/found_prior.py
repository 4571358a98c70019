"""Finds the device's operator model beside the profile that an onboarding writes, and makes a prior of it."""

import os
from collections.abc import Callable
from pathlib import Path

from edgeprof.errors import GraphNotToldError
from edgeprof.exporters.choice import ExportChoice
from edgeprof.onboarding.operator_prior import OperatorPrior, networks_to_read
from edgeprof.operator_models.space_graphs import read_space_graphs
from edgeprof.prediction import profile_file
from edgeprof.store.platform import Platform
from edgeprof_predictor.methods.default.operator_mean import MIN_PREDICTED_COUNT
from edgeprof_predictor.operators.profile import OperatorProfile
from edgeprof_predictor.spaces import SearchSpace


def operators_beside(path: Path | None, platform: Platform) -> OperatorProfile | None:
    """Return the operator model of a platform that a file of profiles holds; None where it holds none.

    Args:
        path: The file, which need not be there; None for no file.
        platform: The platform.

    Raises:
        ProfileError: If the file is damaged, or no profile.
    """
    if path is None or not path.exists():
        return None
    file = profile_file(path)
    profiles = file.operator_profiles() if file.predicts_models else []
    return next((one for one in profiles if Platform.from_facts(one.platform).key == platform.key), None)


def operator_prior(
    profile: OperatorProfile,
    space: SearchSpace,
    choice: ExportChoice,
    folder: Path,
    calibration: str | os.PathLike[str] | None = None,
    *,
    on_read: Callable[[int, int], None] = lambda count, total: None,
) -> OperatorPrior:
    """Return the prior of a space, for which some of its networks are exported and loaded on this host.

    Args:
        profile: The operator model of a platform.
        space: The search space.
        choice: What writes networks for the platform.
        folder: Folder of models, where graphs are kept.
        calibration: Calibration data (.npz) for integer precisions; None for synthetic data.
        on_read: Called with the number of networks that are read, and of all.

    Raises:
        GraphNotToldError: If hardly any graph could be read on this host.
        OutputFileError: If graphs cannot be kept.
    """
    texts = networks_to_read(space)
    read = read_space_graphs(
        space,
        texts,
        Platform.from_facts(profile.platform).setting,
        choice,
        folder,
        calibration=None if calibration is None else os.path.abspath(calibration),
        on_read=lambda count: on_read(count, len(texts)),
    )
    if len(read.graphs) < MIN_PREDICTED_COUNT:
        raise GraphNotToldError(
            f"the graphs of {len(read.graphs)} networks of {space.name} could be read on this host, and "
            f"{MIN_PREDICTED_COUNT} are needed"
        )
    return OperatorPrior(profile, space, read.graphs, read.warning)
