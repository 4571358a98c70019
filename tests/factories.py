"""Records that many tests need."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from edgeprof.exporters.onnx import export_architecture
from edgeprof.folders import default_model_folder
from edgeprof.store import Attempt, Probe
from edgeprof.store.platform import Platform
from edgeprof.store.records import ProbeState
from edgeprof_predictor.spaces import Architecture, SearchSpace
from edgeprof_proto.records.job_spec import MeasurementPlan, Setting
from edgeprof_proto.records.measurement import Conditions, LatencyBlock, Measurement, Verdict, VerdictKind

SETTING = Setting(runtime="onnxruntime", runtime_version="1.2", provider="CPU", precision="float32")
PLATFORM = Platform(device_id="d1", device_name="board", setting=SETTING)


def model_of(space: SearchSpace, architecture: Architecture, path: Path | None = None) -> Path:
    """A network in ONNX, from the folder of models that all tests share, or a copy of it at a path."""
    model = export_architecture(space, architecture, default_model_folder())
    if path is None:
        return model
    path.parent.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copy(model, path))


def measurement_of(*latency_ms: float, block_count: int = 1, start_time: float = 0.0) -> Measurement:
    """A stable measurement whose timed blocks all hold these runs."""
    return measurement_of_blocks(*[latency_ms] * block_count, start_time=start_time)


def measurement_of_blocks(*blocks: Sequence[float], start_time: float = 0.0) -> Measurement:
    """A stable measurement with these timed blocks of runs."""
    return Measurement(
        model_sha256="0" * 64,
        setting=SETTING,
        plan=MeasurementPlan().filled(),
        start_time=start_time,
        load_ms=1.0,
        first_inference_ms=9.0,
        conditions_before=Conditions(),
        conditions_after=Conditions(),
        verdict=Verdict(kind=VerdictKind.STABLE),
        total_ms=100.0,
        blocks=(
            LatencyBlock(is_warmup=True, start_ms=0.0, latency_ms=(9.0,)),
            *(
                LatencyBlock(is_warmup=False, start_ms=9.0 + index, latency_ms=tuple(block))
                for index, block in enumerate(blocks)
            ),
        ),
    )


def probe_of(
    ordinal: int,
    latency_ms: float | None,
    *,
    is_check: bool = False,
    state: ProbeState = "measured",
    sequence: int | None = None,
    architecture: str | None = None,
) -> Probe:
    """A probe of the network `a` and its ordinal, or of the anchor `a0`; outcomes are in the plan's order if not told.

    The device's clock runs backwards from one measurement to the next.
    """
    number = None if state == "planned" else ordinal + 1 if sequence is None else sequence
    has_failed = state == "failed"
    attempt = Attempt(
        job_id=f"job-{ordinal}",
        number=1,
        request=None,
        sequence=number,
        reason="ERROR_REASON_MODEL_REJECTED" if has_failed else None,
        failure="no such operator" if has_failed else None,
    )
    start_time = 1e9 - ordinal
    return Probe(
        ordinal=ordinal,
        architecture=architecture or ("a0" if is_check else f"a{ordinal}"),
        is_anchor_check=is_check,
        state=state,
        measurement=None if latency_ms is None else measurement_of(latency_ms, block_count=5, start_time=start_time),
        attempts=(attempt,),
    )
