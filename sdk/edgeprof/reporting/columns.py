"""The columns of an exported table of results."""

from typing import Any

from edgeprof.store import StoredResult


def columns_of(result: StoredResult) -> dict[str, Any]:
    """Return a result as the values of a row; `architecture`, `platform` and `latency_ms` are those of `import`.

    Args:
        result: The result.
    """
    setting = result.setting
    return {
        "number": result.number,
        "time": result.store_time.isoformat(timespec="seconds"),
        "device_name": result.device_name,
        "device_id": result.device_id,
        "platform": result.platform,
        "runtime": setting.runtime,
        "runtime_version": setting.runtime_version,
        "provider": setting.provider,
        "precision": setting.precision,
        "threads": setting.thread_count,
        "batch": setting.batch_size,
        "space": result.space,
        "architecture": result.architecture,
        "model": result.model,
        "model_sha256": result.model_sha256,
        "purpose": result.purpose,
        "latency_ms": result.median_ms,
        "lower_ms": result.lower_ms,
        "upper_ms": result.upper_ms,
        "verdict": result.verdict.value,
    }
