"""Reads the profile of an ONNX Runtime session: which node ran where, for how long, and what shapes it made.

The profile is a JSON list with one event on each line. It may be large, so it is read line by line. An event of the
category "Node" that names a provider is one execution of one node, in whole microseconds; "model_run" follows the nodes
of its run. Names of nodes need not be unique: a node is known by its name and its number. The event of a control-flow
node (If, Loop, Scan) spans those of the nodes within, whose time is taken out of it.
"""

import dataclasses
import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from edgeprof_agent.runtimes.operator_times import ProfiledOperator, operator_times, shape_text, windows_of
from edgeprof_proto.records.graph import MAX_TEXT_LENGTH
from edgeprof_proto.records.measurement import OperatorTime

CONTROL_FLOW = frozenset({"If", "Loop", "Scan", "SequenceMap", "BeamSearch", "GreedySearch", "Sampling"})
"""Operators that run nodes of other graphs."""

_SUFFIX = "_kernel_time"


@dataclasses.dataclass(frozen=True, slots=True)
class NodeRun:
    """One execution of a node.

    Args:
        name: Its name.
        index: Its number in its graph; -1 where the profile has none.
        type: Its operator.
        provider: The provider that ran it.
        outputs: Element type, by ONNX Runtime's name, and sizes of each tensor that it wrote.
        start_us: When it began, in microseconds.
        duration_us: How long it took, in microseconds; nodes within left out.
        is_within: Whether a control-flow node ran it.
    """

    name: str
    index: int
    type: str
    provider: str
    outputs: tuple[tuple[str, tuple[int, ...]], ...]
    start_us: int
    duration_us: int
    is_within: bool = False


def read_runs(profile_path: Path) -> Iterator[list[NodeRun]]:
    """Yield the executions of nodes in each run of a session, in the order in which they ended.

    Args:
        profile_path: The profile, JSON.

    Raises:
        ValueError: If the file is no profile.
        OSError: If it cannot be read.
    """
    run: list[NodeRun] = []
    with profile_path.open(encoding="utf-8") as lines:
        for line in lines:
            text = line.strip().rstrip(",")
            if text in ("", "[", "]"):
                continue
            read = json.loads(text)
            for event in read if isinstance(read, list) else [read]:
                arguments = event.get("args") or {}
                if event.get("cat") == "Node" and arguments.get("provider"):
                    run.append(_node_run(event, arguments))
                elif event.get("name") == "model_run" and run:
                    yield _without_nodes_within(run)
                    run = []
    if run:
        yield _without_nodes_within(run)


def count_nodes(profile_path: Path) -> dict[str, int]:
    """Count the nodes that each provider ran, from a profile of ONNX Runtime.

    Args:
        profile_path: The profile of a session, JSON.

    Returns:
        Number of nodes by name of the provider; a subgraph that a provider compiled is one node.

    Raises:
        ValueError: If the file is no profile.
        OSError: If it cannot be read.
    """
    ran = {(node.name, node.index, node.provider) for run in read_runs(profile_path) for node in run}
    return dict(Counter(provider for _, _, provider in ran))


NodeKey = tuple[str, str, int]
"""Name, as a record holds it, and operator of a node of the main graph, and how many nodes with both ran before it."""


def keys_of(run: Iterable[NodeRun], names: Collection[str]) -> Iterator[tuple[NodeKey | None, NodeRun]]:
    """Yield the executions of nodes with their keys, in the order in which they began; None for nodes within others.

    Args:
        run: Executions of different nodes.
        names: Names of the nodes of the main graph. The profile makes up a name for a node that has none.
    """
    counts: Counter[tuple[str, str]] = Counter()
    for node in sorted(run, key=lambda node: node.start_us):
        if node.is_within:
            yield None, node
        else:
            name = node.name[:MAX_TEXT_LENGTH] if node.name[:MAX_TEXT_LENGTH] in names else ""
            yield (name, node.type, counts[name, node.type]), node
            counts[name, node.type] += 1


def time_nodes(profile_path: Path, positions: Mapping[NodeKey, int] = MappingProxyType({})) -> list[OperatorTime]:
    """Return the time of each node in a run, from a profile of several runs of which the first is the warm-up.

    Args:
        profile_path: The profile of a session, JSON.
        positions: Positions of nodes in the graph that is told.

    Returns:
        The nodes in the order of execution. Of one that a run executes again and again the sum, with the shapes of the
        first time.

    Raises:
        ValueError: If the file is no profile.
        OSError: If it cannot be read.
    """
    first: dict[tuple[str, int, str], NodeRun] = {}
    run_ms: dict[tuple[str, int, str], list[float]] = {}
    run_count = 0
    for position, run in enumerate(read_runs(profile_path)):
        for node in run:
            key = node.name, node.index, node.provider
            first.setdefault(key, node)
            if position:
                # A run need not execute every node.
                times = run_ms.setdefault(key, [])
                times.extend([0.0] * (position - len(times)))
                times[-1] += node.duration_us / 1_000
        run_count = position
    names = {name for name, _, _ in positions}
    return operator_times(
        ProfiledOperator(
            name=node.name,
            type=node.type,
            window_ms=windows_of([*run_ms[key], *[0.0] * (run_count - len(run_ms[key]))]),
            shapes=tuple(shape_text(sizes) for _, sizes in node.outputs),
            provider=node.provider,
            node_index=None if graph_key is None else positions.get(graph_key),
        )
        for graph_key, node in keys_of(first.values(), names)
        if (key := (node.name, node.index, node.provider)) in run_ms
    )


def _node_run(event: dict[str, Any], arguments: dict[str, Any]) -> NodeRun:
    return NodeRun(
        name=str(event["name"]).removesuffix(_SUFFIX),
        index=int(arguments.get("node_index", -1)),
        type=str(arguments.get("op_name", "")),
        provider=str(arguments["provider"]),
        outputs=tuple(
            (str(kind), tuple(map(int, sizes)))
            for output in arguments.get("output_type_shape") or ()
            for kind, sizes in output.items()
        ),
        start_us=int(event["ts"]),
        duration_us=int(event["dur"]),
    )


def _without_nodes_within(run: list[NodeRun]) -> list[NodeRun]:
    """Take the time of the nodes that a control-flow node ran out of its own."""
    if not any(node.type in CONTROL_FLOW for node in run):
        return run
    within_us, are_within = [0] * len(run), [False] * len(run)
    around: list[int] = []
    for index in sorted(range(len(run)), key=lambda index: (run[index].start_us, -run[index].duration_us)):
        node = run[index]
        while around and node.start_us >= run[around[-1]].start_us + run[around[-1]].duration_us:
            around.pop()
        if around:
            within_us[around[-1]] += node.duration_us
            are_within[index] = True
        if node.type in CONTROL_FLOW:
            around.append(index)
    return [
        dataclasses.replace(node, duration_us=max(0, node.duration_us - inner_us), is_within=is_within)
        for node, inner_us, is_within in zip(run, within_us, are_within, strict=True)
    ]
