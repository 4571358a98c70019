"""Measures a folder of model files through an agent on this machine, and counts what came of it."""

from __future__ import annotations

import argparse
import dataclasses
import json
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.agent_process import AgentProcess, running_agent

import edgeprof
from edgeprof.errors import EdgeprofError, RemoteError
from edgeprof_proto.records.job_spec import Setting

SUFFIXES = (".onnx", ".tflite", ".param", ".xml")
"""Suffixes of main files."""

REFUSALS = (
    "INVALID_REQUEST",
    "MODEL_TOO_LARGE",
    "SETTING_NOT_SUPPORTED",
    "MODEL_REJECTED",
    "MODEL_REFUSED",
    "WORKER_OUT_OF_MEMORY",
)
"""Reasons that are a decision of the agent or the engine about this model; every other one is a failure."""

MAX_SENTENCE_LENGTH = 500


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one file with one runtime.

    Args:
        model: Stem of the file.
        runtime: The runtime.
        kind: `measured`, `refused` or `failed`.
        text: The refusal or the failure; empty where the model was measured.
        reason: Name of the error's reason, or its class.
        median_ms: Median latency in milliseconds; 0 where it was not measured.
        verdict: The agent's verdict.
        inputs: What was generated: name, type, sizes and highest value.
        operator_count: Operators that were timed; 0 where that was not asked for or is not reported.
        graph_node_count: Nodes of the graph that the engine tells beside them.
        seconds: Time from the request to the result.
        is_agent_kept: Whether the agent's process answered afterwards.
    """

    model: str
    runtime: str
    kind: str
    text: str = ""
    reason: str = ""
    median_ms: float = 0.0
    verdict: str = ""
    inputs: tuple[str, ...] = ()
    operator_count: int = 0
    graph_node_count: int = 0
    seconds: float = 0.0
    is_agent_kept: bool = True

    @property
    def is_one_sentence(self) -> bool:
        """Whether the text is short and on one line."""
        return "\n" not in self.text and len(self.text) <= MAX_SENTENCE_LENGTH


def measure(arguments: argparse.Namespace) -> int:
    """Measure every file of a folder with each runtime through an agent on this machine."""
    models: Path = arguments.models
    files = sorted(path for path in models.iterdir() if path.suffix in SUFFIXES)
    files = [path for path in files if not arguments.only or path.stem in arguments.only]
    outcomes: list[Outcome] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with running_agent(folder / "agent") as agent, edgeprof.connect(agent.address) as client:
            client.device()
            for runtime in arguments.runtime:
                for path in files:
                    outcome = measure_one(
                        agent, client, path, runtime, folder / "store.db", with_operators=arguments.operators
                    )
                    outcomes.append(outcome)
                    print(_line(outcome), flush=True)
                    _write(outcomes, models, arguments.output)
    print("\n" + table(outcomes))
    return 1 if any(outcome.kind == "failed" or not outcome.is_agent_kept for outcome in outcomes) else 0


def measure_one(
    agent: AgentProcess,
    client: edgeprof.DeviceClient,
    path: Path,
    runtime: str,
    store: Path,
    *,
    with_operators: bool = False,
) -> Outcome:
    """Measure one file.

    Args:
        agent: The agent, whose process must outlive the model.
        client: A connection to it.
        path: The main file of the model.
        runtime: The runtime.
        store: Where results go.
        with_operators: Whether to time the operators and ask for the graph too.
    """
    started = time.monotonic()
    found: dict[str, Any]
    try:
        result = edgeprof.benchmark(
            client,
            path,
            setting=Setting(runtime=runtime),
            plan=edgeprof.make_plan("quick"),
            input_shapes=shapes_for(path),
            store=store,
            wants_operators=with_operators,
            wants_graph=with_operators,
        )
    except EdgeprofError as error:
        reason = error.reason.removeprefix("ERROR_REASON_") if isinstance(error, RemoteError) else type(error).__name__
        is_refused = reason in REFUSALS or not isinstance(error, RemoteError)
        found = {"kind": "refused" if is_refused else "failed", "text": str(error), "reason": reason}
    else:
        measurement = result.measurement
        inputs = tuple(
            f"{item.name} {item.element_type} {'x'.join(map(str, item.sizes))} 0..{item.highest_value}"
            for item in measurement.inputs
        )
        verdict = measurement.verdict.kind.value
        graph = measurement.optimized_graph
        found = {
            "kind": "measured",
            "median_ms": measurement.median_ms,
            "verdict": verdict,
            "inputs": inputs,
            "operator_count": len(measurement.operators),
            "graph_node_count": 0 if graph is None else len(graph.nodes),
        }
    seconds = time.monotonic() - started
    return Outcome(model=path.stem, runtime=runtime, seconds=seconds, is_agent_kept=_answers(agent, client), **found)


def shapes_for(path: Path) -> Mapping[str, Sequence[int]]:
    """Return the sizes that `shapes.json` beside a file gives for its inputs; the file may be absent."""
    known = path.with_name("shapes.json")
    shapes = json.loads(known.read_text()) if known.exists() else {}
    return {name: tuple(sizes) for name, sizes in shapes.get(path.stem, {}).items()}


def table(outcomes: Iterable[Outcome]) -> str:
    """Return the counts of each runtime as a table in Markdown, and the refusals and failures below it."""
    found = list(outcomes)
    lines = ["| runtime | files | measured | refused | failed | longest |", "| --- | --- | --- | --- | --- | --- |"]
    for runtime in dict.fromkeys(outcome.runtime for outcome in found):
        rows = [outcome for outcome in found if outcome.runtime == runtime]
        kinds = Counter(outcome.kind for outcome in rows)
        longest = max(outcome.seconds for outcome in rows)
        counts = " | ".join(str(kinds[kind]) for kind in ("measured", "refused", "failed"))
        lines.append(f"| {runtime} | {len(rows)} | {counts} | {longest:.0f} s |")
    lines.append("")
    lines += [_line(outcome) for outcome in found if outcome.kind != "measured" or not outcome.is_agent_kept]
    long = [outcome.model for outcome in found if not outcome.is_one_sentence]
    lines.append(f"texts that are longer than a sentence: {', '.join(long) or 'none'}")
    lost = [outcome.model for outcome in found if not outcome.is_agent_kept]
    lines.append(f"models after which the agent's process did not answer: {', '.join(lost) or 'none'}")
    return "\n".join(lines)


def _line(outcome: Outcome) -> str:
    end = outcome.text
    if outcome.kind == "measured":
        end = f"{outcome.median_ms:.2f} ms, {outcome.verdict}"
    if outcome.operator_count:
        end += f", {outcome.operator_count} operators, {outcome.graph_node_count} nodes"
    return f"{outcome.runtime} {outcome.model}: {outcome.kind} ({outcome.seconds:.0f} s) {end}"


def _answers(agent: AgentProcess, client: edgeprof.DeviceClient) -> bool:
    """Return whether the process that was started is the one that still answers."""
    try:
        client.device()
    except EdgeprofError:
        return False
    return agent.is_alive()


def _write(outcomes: Sequence[Outcome], models: Path, output: Path | None) -> None:
    if output is not None:
        rows = [dataclasses.asdict(outcome) | {"is_one_sentence": outcome.is_one_sentence} for outcome in outcomes]
        output.write_text(json.dumps({"models": models.name, "outcomes": rows}, indent=2) + "\n")
