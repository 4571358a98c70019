"""The process that converts networks: `python -m edgeprof.exporters.converter_process FOLDER`.

It reads one conversion a line from stdin, as JSON, and answers each with a line on stdout: the files, or the error. It
lives as long as its stdin is open, so that a converter that takes ten seconds to import is imported once. What
converters print goes to stderr.
"""

import contextlib
import hashlib
import json
import os
import queue
import sys
import threading
from pathlib import Path
from typing import Any

from edgeprof.errors import EdgeprofError
from edgeprof.exporters.base import Exporter
from edgeprof.exporters.conversion import Conversion, convert
from edgeprof.exporters.registry import load_exporter
from edgeprof.exporters.user_modules import ModuleConversion, convert_module
from edgeprof_predictor.errors import PredictorError
from edgeprof_predictor.spaces import get_space

NICENESS = 19
"""Below everything else on the machine, which may be the one that measures."""


def main(folder: Path) -> None:
    """Answer conversions until stdin is closed.

    Args:
        folder: The folder of models.
    """
    if hasattr(os, "nice"):
        with contextlib.suppress(OSError):
            os.nice(NICENESS)
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    lines: queue.Queue[str] = queue.Queue()
    threading.Thread(target=_read, args=(lines,), daemon=True).start()
    exporters: dict[str, Exporter] = {}
    while True:
        facts = json.loads(lines.get())
        print(json.dumps(_answer(facts, exporters, folder)), file=answers, flush=True)


def _read(lines: "queue.Queue[str]") -> None:
    """Pass lines on; where the host ends, end at once, also within a conversion."""
    for line in sys.stdin:
        lines.put(line)
    os._exit(0)


def _answer(facts: dict[str, Any], exporters: dict[str, Exporter], folder: Path) -> dict[str, Any]:
    try:
        name = facts["exporter"]
        if name not in exporters:
            exporters[name] = load_exporter(name)
        if "source" in facts:
            return _module(facts, exporters[name], folder)
        conversion = Conversion(**facts)
        files = convert(conversion, exporters[name], get_space(conversion.space), folder)
    except (EdgeprofError, PredictorError) as error:
        return {"error": type(error).__name__, "message": str(error)}
    return {"files": [str(path) for path in files]}


def _module(facts: dict[str, Any], exporter: Exporter, folder: Path) -> dict[str, Any]:
    stem = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:32]
    exported = convert_module(ModuleConversion.from_facts(facts), exporter, folder, f"module-{stem}")
    return {
        "files": [str(path) for path in exported.files],
        "input_names": exported.input_names,
        "inputs": None if exported.inputs is None else str(exported.inputs),
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]))
