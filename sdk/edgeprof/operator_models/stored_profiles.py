"""Where the profiles of models are that this host onboarded, as its store knows."""

import os
from pathlib import Path

from edgeprof.errors import EdgeprofError
from edgeprof.store import SessionRecord, Store
from edgeprof.store.platform import Platform
from edgeprof_predictor.errors import PredictorError
from edgeprof_predictor.operators.profile import OperatorProfile
from edgeprof_predictor.profile_file import ProfileFile

PURPOSE = "models"
"""Purpose of the sessions that onboard models, in the store."""

_FILE = "profile"


def remember_profile(store: Store, record: SessionRecord, path: Path) -> None:
    """Write into the store which file the profile of a session is in.

    Args:
        store: The store.
        record: The session that onboarded it.
        path: The file.
    """
    store.record_decision(record, {**(store.decision(record) or {}), _FILE: os.path.abspath(path)})


def newest_profile(store: Store, platform: Platform) -> OperatorProfile | None:
    """Return the profile of a platform that was onboarded last and whose file is still there.

    Args:
        store: The store.
        platform: The platform.
    """
    for decision in store.decisions(platform, purpose=PURPOSE):
        try:
            profiles = ProfileFile(decision[_FILE]).operator_profiles()
            found = [item for item in profiles if Platform.from_facts(item.platform).key == platform.key]
        except (PredictorError, EdgeprofError, KeyError):
            continue  # moved, deleted or replaced since
        if found:
            return found[0]
    return None
