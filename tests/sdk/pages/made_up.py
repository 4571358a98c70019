"""A store and a profile to make pages of: numbers that were never measured, names that would run if not escaped."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from factories import measurement_of_blocks

from edgeprof.measuring.goal import OnboardingStatus
from edgeprof.onboarding.history import OnboardingHistory
from edgeprof.store import MeasurementRequest, SessionRecord, Store
from edgeprof.store.platform import Platform
from edgeprof_predictor.bundle import load_bundle
from edgeprof_predictor.methods.expected_error import ExpectedError
from edgeprof_predictor.profile import Profile
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import get_space
from edgeprof_proto.records.job_spec import MeasurementPlan, Setting
from edgeprof_proto.records.measurement import (
    Conditions,
    Evidence,
    Measurement,
    MedianInterval,
    Temperature,
    Verdict,
    VerdictKind,
)

SCRIPT = "<script>window.hurt=1</script>"

MODEL = f"net {SCRIPT}.onnx"

SPACE = get_space("nasbench201")

PLATFORM = Platform(
    device_id="d1",
    device_name=f"board {SCRIPT}",
    setting=Setting(runtime="onnxruntime", runtime_version="1.2", provider="CPU", precision="float32"),
)

OTHER_PLATFORM = replace(PLATFORM, setting=replace(PLATFORM.setting, runtime="openvino"))

SAMPLE_COUNT = 4
UNSEEN_COUNT = 5


@dataclass(frozen=True)
class Measured:
    """What a host has measured.

    Args:
        store: File of the store: results 1 to 3 are benchmarks.
        profile: File of a profile; the store holds the history of its onboarding and a verification.
    """

    store: Path
    profile: Path


def made_up(folder: Path) -> Measured:
    """Write a store and a profile.

    Args:
        folder: Where.
    """
    found = Measured(store=folder / "store.sqlite3", profile=folder / "board.edgeprof")
    networks = SPACE.sample(SAMPLE_COUNT + UNSEEN_COUNT, seed=1)
    texts = [SPACE.format(one) for one in networks]
    with Store(found.store) as store:
        for number, (platform, latency_ms) in enumerate([(PLATFORM, 2.0), (PLATFORM, 2.6), (OTHER_PLATFORM, 1.5)]):
            one = replace(measurement(latency_ms, seed=number), setting=platform.setting)
            store.record_measurement(f"benchmark-{number}", platform, one, model_name=MODEL)
        onboarding = store.resume_or_begin_session(PLATFORM, SPACE.name, 0, purpose="onboarding")
        _record(store, onboarding, texts[:SAMPLE_COUNT])
        _record_history(store, onboarding)
        purpose = f"verify {onboarding.session_id}"
        verification = store.resume_or_begin_session(PLATFORM, SPACE.name, 1, purpose=purpose)
        _record(store, verification, [texts[0], *texts[SAMPLE_COUNT:]])
    samples = Samples(
        choices=SPACE.choices(networks[:SAMPLE_COUNT]),
        latency_ms=np.array([_latency_ms(text) for text in texts[:SAMPLE_COUNT]]),
        relative_sd=np.full(SAMPLE_COUNT, 0.01),
    )
    predictor = load_bundle(SPACE.name).method.for_pruned_graphs().adapt(samples, seed=0)
    provenance = {"onboarding_session": onboarding.session_id, "method": "default", "stop_reason": "measured all"}
    Profile(predictor=predictor, platform=PLATFORM.facts(), provenance=provenance).save(found.profile)
    return found


def _latency_ms(text: str) -> float:
    """A latency that grows with the costliest decisions of an architecture."""
    return 1.0 + 2.0 * text.count("3x3") + text.count("1x1")


def _record(store: Store, session: SessionRecord, texts: list[str]) -> None:
    store.plan_probes(session, texts)
    request = MeasurementRequest(setting=PLATFORM.setting, plan=MeasurementPlan().filled())
    for probe in store.probes(session):
        attempt = store.begin_attempt(session, probe, request)
        store.record_measurement(attempt.job_id, PLATFORM, measurement(_latency_ms(probe.architecture)))


def _record_history(store: Store, session: SessionRecord) -> None:
    history = OnboardingHistory(store, session)
    for count in range(1, SAMPLE_COUNT + 1):
        error = 0.2 / count
        status = OnboardingStatus(
            sample_count=count,
            expected=ExpectedError(error=error, lower=0.6 * error, upper=1.7 * error),
            next_error=0.9 * error,
            elapsed_s=5.0 * count,
            seconds_per_sample=5.0,
        )
        history.record_status(status, count)


def measurement(latency_ms: float, *, seed: int = 0) -> Measurement:
    """A noisy measurement of 150 runs, with conditions.

    Args:
        latency_ms: Their median, about.
        seed: Draws the runs.
    """
    generator = np.random.default_rng(seed)
    blocks = [tuple((latency_ms * np.exp(0.02 * generator.standard_normal(30))).tolist()) for _ in range(5)]
    found = measurement_of_blocks(*blocks)
    reading = Conditions(
        temperatures=(Temperature(zone="cpu", temperature_celsius=40.0),),
        core_frequencies_mhz=(1800.0,),
        elapsed_ms=1.0,
    )
    interval = MedianInterval(
        median_ms=found.median_ms, lower_ms=0.99 * found.median_ms, upper_ms=1.01 * found.median_ms, level=0.9
    )
    evidence = (
        Evidence(name="quartile_spread", value=0.3, limit=0.2, is_exceeded=True),
        Evidence(name="runs_missing_count", value=0.0, limit=0.0, is_exceeded=False),
    )
    return replace(
        found,
        median_interval=interval,
        verdict=Verdict(kind=VerdictKind.NOISY, evidence=evidence),
        conditions_during=(reading, replace(reading, elapsed_ms=200.0)),
    )
