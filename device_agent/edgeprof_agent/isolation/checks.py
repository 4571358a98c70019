"""Checks the isolation of workers on this device, in a process that is confined like a worker."""

import contextlib
import dataclasses
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from edgeprof_agent.config import AgentConfig
from edgeprof_agent.isolation.plan import plan_isolation, worker_environment
from edgeprof_proto.record_json import from_json, to_json
from edgeprof_proto.records.check import Check, CheckLevel
from edgeprof_proto.records.validation import RecordError

PROBE_COMMAND = (sys.executable, "-m", "edgeprof_agent.isolation.probe")

PROBE_DURATION_S = 30.0
"""Longest duration of a probe, in seconds. It takes 0.1 s, on a slow card some seconds."""

_NAME = "worker isolation"


def isolation_checks(config: AgentConfig) -> tuple[Check, ...]:
    """Check which safeguards of workers are in force on this device, and how to get those that are not.

    Blocks for the duration of a probe. An agent may use the same folder meanwhile.

    Args:
        config: The agent's configuration.

    Returns:
        One check for each safeguard, and one for what the probe tried. Where the probe failed, a single check of level
        TROUBLE.
    """
    environment = worker_environment(config, os.environ)
    parent = config.data_dir if config.data_dir.is_dir() else None
    try:
        with tempfile.TemporaryDirectory(prefix="isolation-", dir=parent, ignore_cleanup_errors=True) as folder:
            # Without a data folder yet, any folder will do.
            probed = config if parent else dataclasses.replace(config, data_dir=Path(folder))
            return _probe(probed, Path(folder), environment)
    except PermissionError as error:
        return (_trouble(f"cannot be tried ({error})", "run the check as the user of the agent"),)
    except (OSError, subprocess.TimeoutExpired, RecordError) as error:
        return (_trouble(f"cannot be tried ({error})", "see whether a worker can start: measure a model"),)


def _probe(config: AgentConfig, folder: Path, environment: dict[str, str]) -> tuple[Check, ...]:
    scratch = folder / "scratch"
    scratch.mkdir()
    secret = folder / "secret"
    secret.touch(mode=0o600)
    model = folder / "model"
    model.write_bytes(b"model")
    plan = plan_isolation(config, scratch, os.environ)
    request = {"plan": to_json(plan), "model": str(model), "secret": str(secret), "variables": sorted(environment)}
    probe = subprocess.run(
        PROBE_COMMAND,
        input=json.dumps(request),
        capture_output=True,
        text=True,
        cwd=scratch,
        env=environment,
        timeout=PROBE_DURATION_S,
    )
    with contextlib.suppress(ValueError):
        return tuple(from_json(Check, check) for check in json.loads(probe.stdout))
    tail = probe.stderr.strip()[-500:] or "it printed nothing"
    finding = f"cannot be tried: the probe ended with exit code {probe.returncode}; {tail}"
    return (_trouble(finding, "please report it with this text"),)


def _trouble(finding: str, remedy: str) -> Check:
    return Check(name=_NAME, level=CheckLevel.TROUBLE, finding=finding, remedy=remedy)
