"""Reports of other tools, one reader each: `benchmark_app`, `litert-benchmark` and `onnxruntime_perf_test`.

Each tool tells a median over runs that were not judged: there is neither a verdict nor an interval.
"""

import csv
import json
import math
import re
import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import PurePath
from typing import Any

from edgeprof.errors import InvalidArgumentError
from edgeprof_proto.records.job_spec import Setting

_THREADS, _BATCH = "thread_count", "batch_size"

RUN_FIELD_COUNT = 5

_RUN = re.compile(r"[^,\n]*,[0-9.e+-]+,[0-9]+,[0-9-]+,0\s")
"""The first run in a file of `onnxruntime_perf_test`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolReport:
    """What a report tells.

    Args:
        source: Name of the tool.
        model: Name of the model; empty where it is not told.
        setting: The setting.
        unreported_fields: Fields of the setting that are not reported.
        median_ms: Median latency in milliseconds.
    """

    source: str
    model: str
    setting: Setting
    unreported_fields: tuple[str, ...]
    median_ms: float


def read_report(text: str) -> ToolReport:
    """Read the report of a tool, which is recognised by its content.

    Args:
        text: Content of the file.

    Raises:
        InvalidArgumentError: If it is no report that is known, or has no median latency.
    """
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        values = None
    if isinstance(values, dict) and "execution_results" in values:
        name, read = "benchmark_app", partial(_benchmark_app, values)
    elif isinstance(values, dict) and "accelerators" in values:
        name, read = "litert-benchmark", partial(_litert_benchmark, values)
    elif _RUN.match(text):
        name, read = "onnxruntime_perf_test", partial(_perf_test, text)
    else:
        raise InvalidArgumentError(
            "this is no report that can be read: expected the JSON of `benchmark_app -report_type no_counters "
            "-json_stats` or of `litert-benchmark --result_json`, or the file that `onnxruntime_perf_test` writes"
        )
    try:
        report = read()
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise InvalidArgumentError(f"this report of {name} is incomplete or damaged: {error!r}") from error
    if not (math.isfinite(report.median_ms) and report.median_ms > 0):
        raise InvalidArgumentError(f"this report of {name} tells a latency of {report.median_ms} ms")
    return report


def _benchmark_app(values: Mapping[str, Any]) -> ToolReport:
    asked, used, found = values["cmd_options"], values["configuration_setup"], values["execution_results"]
    options = {key.lstrip("-"): value for key, value in asked.items()}
    threads = options.get("nthreads") or options.get("infer_threads")
    # With several requests at once a latency holds the time that a request waits for the others.
    requests = used["number of parallel infer requests"]
    return ToolReport(
        source="benchmark_app",
        model=PurePath(options.get("m") or options.get("path_to_model") or used["topology"]).name,
        setting=Setting(
            runtime="openvino",
            provider=used["target device"],
            thread_count=int(threads) if threads else 1,
            batch_size=int(used["batch size"]),
            options={"requests": str(requests)},
        ),
        unreported_fields=("runtime_version", "precision", *(() if threads else (_THREADS,))),
        median_ms=float(found["latency (ms)"]),
    )


def _litert_benchmark(values: Mapping[str, Any]) -> ToolReport:
    return ToolReport(
        source="litert-benchmark",
        model=PurePath(values["model"]).name,
        setting=Setting(
            runtime="litert", provider="-".join(values["accelerators"]), thread_count=int(values["num_threads"])
        ),
        unreported_fields=("runtime_version", "precision", _BATCH),
        median_ms=float(values["latency"]["median_ms"]),
    )


def _perf_test(text: str) -> ToolReport:
    """Read the runs, `name,seconds,peak memory,processor use,number` each; the statistics after them are not read.

    The tool appends to its file: of several calls the last one counts.
    """
    rows = [row for row in csv.reader(text.splitlines()) if len(row) == RUN_FIELD_COUNT]
    first = max(index for index, row in enumerate(rows) if row[-1] == "0")
    return ToolReport(
        source="onnxruntime_perf_test",
        model=rows[first][0],
        setting=Setting(runtime="onnxruntime"),
        unreported_fields=("runtime_version", "provider", "precision", _THREADS, _BATCH),
        median_ms=1000 * statistics.median(float(row[1]) for row in rows[first:]),
    )
