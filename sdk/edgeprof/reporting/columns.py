"""The columns of an exported table of results."""

from typing import Any

from edgeprof.store import StoredResult
from edgeprof.store.results import OWN_SOURCE


def columns_of(result: StoredResult) -> dict[str, Any]:
    """Return a result as the values of a row; `architecture`, `platform` and `latency_ms` are those of `import`.

    Args:
        result: The result.
    """
    setting = result.setting
    told = {
        name: None if name in result.unreported_fields else getattr(setting, name)
        for name in ("thread_count", "batch_size")
    }
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
        "threads": told["thread_count"],
        "batch": told["batch_size"],
        "space": result.space,
        "architecture": result.architecture,
        "model": result.model,
        "model_sha256": result.model_sha256,
        "purpose": result.purpose,
        "latency_ms": result.median_ms,
        "lower_ms": result.lower_ms,
        "upper_ms": result.upper_ms,
        "verdict": result.verdict.value if result.source == OWN_SOURCE else None,
        "source": result.source,
        "kernel": result.kernel,
        "agent_version": result.agent_version,
    }
