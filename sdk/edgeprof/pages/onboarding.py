"""The document of a search space's profile: how it came about, and how well it predicts."""

import dataclasses
import json
from typing import Any

from edgeprof.measuring.provenance import ONBOARDING_SESSION
from edgeprof.measuring.verification import stored_verification
from edgeprof.onboarding.history import OnboardingHistory
from edgeprof.onboarding.report import named_sources
from edgeprof.store import SessionRecord, Store
from edgeprof.store.platform import Platform
from edgeprof_predictor.explanations.similarity import similar_platforms
from edgeprof_predictor.methods.default.predictor import DefaultPredictor
from edgeprof_predictor.methods.onboarding_method import ProfilePredictor
from edgeprof_predictor.profile import Profile
from edgeprof_proto.record_json import to_json
from edgeprof_proto.shared.interval import LEVEL_SD_COUNT


def onboarding_document(profile: Profile, store: Store) -> dict[str, Any]:
    """Return what a page shows of a profile.

    Args:
        profile: The profile.
        store: Where the history of its onboarding and its verifications are, if this host made them.
    """
    platform = profile.platform
    verification = stored_verification(profile, store)
    history = _session_history(profile, store)
    predictor = profile.predictor
    return {
        "kind": "onboarding",
        "title": f"{profile.space.name} on {platform.get('device_name', 'a device')}",
        "space": profile.space.name,
        "platform": platform.get("name", ""),
        "device_name": platform.get("device_name", ""),
        "setting": json.loads(platform.get("setting", "{}")),
        "provenance": dict(profile.provenance),
        "expected_error": dataclasses.asdict(predictor.expectation),
        "interval_origin": predictor.interval_origin,
        "source_platform": profile.source_platform,
        "source_correlation": profile.source_correlation,
        "samples": _samples(profile),
        "history": [to_json(status) for status in history],
        "sources": [dataclasses.asdict(use) for use in named_sources(predictor)],
        "similar": _similar(predictor),
        "verification": None
        if verification is None
        else {
            **dataclasses.asdict(verification),
            "figures": verification.figures(),
            "sentence": verification.sentence(),
        },
    }


def _similar(predictor: ProfilePredictor) -> list[dict[str, Any]]:
    if not isinstance(predictor, DefaultPredictor) or not predictor.has_sources:
        return []
    return [dataclasses.asdict(one) for one in similar_platforms(predictor)]


def _session_history(profile: Profile, store: Store) -> tuple[Any, ...]:
    wanted = profile.provenance.get(ONBOARDING_SESSION)
    platform = Platform.from_facts(profile.platform)
    known: list[SessionRecord] = store.sessions(platform, profile.space.name)
    found = [session for session in known if session.session_id == wanted]
    return OnboardingHistory(store, found[0]).statuses() if found else ()


def _samples(profile: Profile) -> list[dict[str, Any]]:
    samples, space = profile.samples, profile.space
    texts = [space.format(one) for one in space.architectures(samples.choices)]
    listed = zip(texts, samples.latency_ms.tolist(), samples.relative_sd.tolist(), strict=True)
    return [
        {
            "architecture": text,
            "latency_ms": latency_ms,
            # Of samples whose error is not known there is no interval.
            "lower_ms": latency_ms * (1 - LEVEL_SD_COUNT * sd) if sd else None,
            "upper_ms": latency_ms * (1 + LEVEL_SD_COUNT * sd) if sd else None,
        }
        for text, latency_ms, sd in listed
    ]
