"""What keeps a worker away from this board, tried for real in a process that is confined as a worker is."""

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
"""A probe takes a tenth of a second, on a slow card some seconds."""

_NAME = "worker isolation"


def isolation_checks(config: AgentConfig) -> tuple[Check, ...]:
    """Tell which safeguards are in force for workers on this board and which are not, each with the way to get it.

    Blocks for the length of a probe. An agent over the same folder may run meanwhile.

    Args:
        config: The agent's configuration.

    Returns:
        One check for each safeguard, and one that says what the probe tried and could or could not do. Where no probe
        could be made, a single check of level TROUBLE.
    """
    environment = worker_environment(config, os.environ)
    parent = config.data_dir if config.data_dir.is_dir() else None
    try:
        with tempfile.TemporaryDirectory(prefix="isolation-", dir=parent, ignore_cleanup_errors=True) as folder:
            # Where no agent has been yet, any folder shows what the board allows.
            probed = config if parent else dataclasses.replace(config, data_dir=Path(folder))
            return _probe(probed, Path(folder), environment)
    except PermissionError as error:
        return (_trouble(f"cannot be tried ({error})", "run the check as the user of the agent"),)
    except (OSError, subprocess.TimeoutExpired, RecordError) as error:
        return (_trouble(f"cannot be tried ({error})", "see whether a worker can start: measure any model"),)


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
    tail = probe.stderr.strip()[-500:] or "it said nothing"
    finding = f"cannot be tried: the probe ended with exit code {probe.returncode}; {tail}"
    return (_trouble(finding, "please report it with this text"),)


def _trouble(finding: str, remedy: str) -> Check:
    return Check(name=_NAME, level=CheckLevel.TROUBLE, finding=finding, remedy=remedy)
