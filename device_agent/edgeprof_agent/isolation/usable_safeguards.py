"""Which safeguards workers on this device can use, tried once for each start of the agent."""

import asyncio
import contextlib
import json
import logging
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from edgeprof_agent.config import AgentConfig
from edgeprof_agent.isolation.plan import plan_isolation, worker_environment
from edgeprof_agent.short_process import ShortProcessError, ask_process
from edgeprof_proto.record_json import from_json, to_json
from edgeprof_proto.records.check import Check

logger = logging.getLogger(__name__)

TRIAL_COMMAND = (sys.executable, "-m", "edgeprof_agent.isolation.trial")

TRIAL_DURATION_S = 120.0
"""A trial takes a fifth of a second; where safeguards hang, each takes ten."""


class UsableSafeguards:
    """The safeguards of this device.

    Args:
        config: The agent's configuration.
        environment: The agent's environment.
        command: Start of the command line of the trial.
    """

    def __init__(
        self, config: AgentConfig, environment: Mapping[str, str], command: Sequence[str] = TRIAL_COMMAND
    ) -> None:
        self._config = config
        self._environment = environment
        self._command = command
        self._lock = asyncio.Lock()
        self._unusable: dict[str, str] | None = None

    async def unusable(self) -> Mapping[str, str]:
        """Return the reason by the name of each safeguard that must not be tried; computed at the first call."""
        async with self._lock:
            if self._unusable is None:
                self._unusable = await self._try()
            return self._unusable

    async def _try(self) -> dict[str, str]:
        try:
            with trial_request(self._config, self._environment) as (request, scratch):
                answer = await ask_process(
                    (*self._command, request),
                    cwd=scratch,
                    duration_s=TRIAL_DURATION_S,
                    environment=worker_environment(self._config, self._environment),
                )
            unusable, _ = read_trial(answer)
        except (ShortProcessError, OSError, ValueError) as error:
            logger.warning("the safeguards of workers could not be tried, so each worker tries all: %s", error)
            return {}
        for name, reason in unusable.items():
            logger.warning("%s is not in force: %s", name, reason)
        return unusable


@contextlib.contextmanager
def trial_request(config: AgentConfig, environment: Mapping[str, str]) -> Iterator[tuple[str, Path]]:
    """Make the folder of a trial, as a worker has it.

    Args:
        config: The agent's configuration; its data folder is there.
        environment: The agent's environment.

    Yields:
        The trial's argument, and the folder to run it in.
    """
    with tempfile.TemporaryDirectory(prefix="trial-", dir=config.data_dir, ignore_cleanup_errors=True) as folder:
        scratch, model = Path(folder) / "scratch", Path(folder) / "model"
        scratch.mkdir()
        model.write_bytes(b"model")
        plan = plan_isolation(config, scratch, environment)
        yield json.dumps({"plan": to_json(plan), "model": str(model)}), scratch


def read_trial(answer: Any) -> tuple[dict[str, str], tuple[Check, ...]]:
    """Read the result of a trial.

    Args:
        answer: What the trial printed.

    Returns:
        The reason by the name of each unusable safeguard, and the checks of all safeguards.

    Raises:
        ValueError: If it is something else.
    """
    try:
        unusable = {str(name): str(reason) for name, reason in answer["unusable"].items()}
        return unusable, tuple(from_json(Check, check) for check in answer["checks"])
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"the trial answered {str(answer)[:100]!r}") from error
