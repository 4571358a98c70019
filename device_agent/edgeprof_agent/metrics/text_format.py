"""Prometheus' text format, version 0.0.4.

`prometheus_client` is not used: with OpenSSL, which it imports, it takes 6.5 MB of memory, a sixth of the agent.
"""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric with its values.

    Args:
        name: With its unit; a counter's ends in `_total`.
        kind: `gauge`, or `counter` for what only grows while the agent runs.
        description: One sentence.
        values: Labels and value of each series; empty where the device does not report it.
    """

    name: str
    kind: Literal["gauge", "counter"]
    description: str
    values: Sequence[tuple[Mapping[str, str], float]]


def text_of(metrics: Iterable[Metric]) -> str:
    """Write metrics; those without a value are left out."""
    lines: list[str] = []
    for metric in metrics:
        if metric.values:
            lines += (f"# HELP {metric.name} {metric.description}", f"# TYPE {metric.name} {metric.kind}")
            lines += (f"{metric.name}{_label_text(labels)} {value!r}" for labels, value in metric.values)
    return "\n".join((*lines, ""))


def _label_text(labels: Mapping[str, str]) -> str:
    pairs = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return f"{{{pairs}}}" if pairs else ""


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
