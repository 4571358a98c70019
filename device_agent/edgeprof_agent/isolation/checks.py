"""Checks the isolation of workers on this device, in a process that is confined like a worker."""

import contextlib
import dataclasses
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from edgeprof_agent.config import AgentConfig
from edgeprof_agent.isolation.plan import plan_isolation, worker_environment
from edgeprof_agent.isolation.usable_safeguards import TRIAL_COMMAND, TRIAL_DURATION_S, read_trial, trial_request
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
            return _try_and_probe(probed, Path(folder), environment)
    except PermissionError as error:
        return (_trouble(f"cannot be tried ({error})", "run the check as the user of the agent"),)
    except (OSError, subprocess.TimeoutExpired, RecordError) as error:
        return (_trouble(f"cannot be tried ({error})", "see whether a worker can start: measure a model"),)


def _try_and_probe(config: AgentConfig, folder: Path, environment: dict[str, str]) -> tuple[Check, ...]:
    with trial_request(config, os.environ) as (request, scratch):
        trial = subprocess.run(
            (*TRIAL_COMMAND, request),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            cwd=scratch,
            env=environment,
            timeout=TRIAL_DURATION_S,
        )
    try:
        unusable, tried = read_trial(json.loads(trial.stdout))
    except ValueError:
        finding = f"cannot be tried: {_last_words(trial)}"
        return (_trouble(finding, "please report it with this text"),)
    probed = _probe(config, folder, environment, unusable)
    # What the trial found holds for workers, also where the process that attacks came to an end.
    return probed if len(probed) > 1 else (*tried, *probed)


def _probe(
    config: AgentConfig, folder: Path, environment: dict[str, str], unusable: Mapping[str, str]
) -> tuple[Check, ...]:
    scratch = folder / "scratch"
    scratch.mkdir()
    secret = folder / "secret"
    secret.touch(mode=0o600)
    model = folder / "model"
    model.write_bytes(b"model")
    plan = dataclasses.replace(plan_isolation(config, scratch, os.environ), unusable=unusable)
    request = {"plan": to_json(plan), "model": str(model), "secret": str(secret), "variables": sorted(environment)}
    try:
        probe = subprocess.run(
            PROBE_COMMAND,
            input=json.dumps(request),
            capture_output=True,
            text=True,
            cwd=scratch,
            env=environment,
            timeout=PROBE_DURATION_S,
        )
    except subprocess.TimeoutExpired as error:
        return (_trouble(f"cannot be tried ({error})", "see whether a worker can start: measure any model"),)
    with contextlib.suppress(ValueError):
        return tuple(from_json(Check, check) for check in json.loads(probe.stdout))
    return (_trouble(f"cannot be tried: {_last_words(probe)}", "please report it with this text"),)


def _last_words(process: "subprocess.CompletedProcess[str]") -> str:
    said = process.stderr.strip()[-500:] or "it said nothing"
    return f"the probe ended with exit code {process.returncode}; {said}"


def _trouble(finding: str, remedy: str) -> Check:
    return Check(name=_NAME, level=CheckLevel.TROUBLE, finding=finding, remedy=remedy)
