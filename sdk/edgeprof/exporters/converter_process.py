"""The process that converts networks: `python -m edgeprof.exporters.converter_process FOLDER`.

It reads one conversion a line from stdin, as JSON, and answers each with a line on stdout: the files, or the error. It
lives as long as its stdin is open, so that a converter that takes ten seconds to import is imported once. What
converters print goes to stderr.
"""

import contextlib
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
        conversion = Conversion(**json.loads(lines.get()))
        print(json.dumps(_answer(conversion, exporters, folder)), file=answers, flush=True)


def _read(lines: "queue.Queue[str]") -> None:
    """Pass lines on; where the host ends, end at once, also within a conversion."""
    for line in sys.stdin:
        lines.put(line)
    os._exit(0)


def _answer(conversion: Conversion, exporters: dict[str, Exporter], folder: Path) -> dict[str, Any]:
    try:
        if conversion.exporter not in exporters:
            exporters[conversion.exporter] = load_exporter(conversion.exporter)
        exporter = exporters[conversion.exporter]
        files = convert(conversion, exporter, get_space(conversion.space), folder)
    except (EdgeprofError, PredictorError) as error:
        return {"error": type(error).__name__, "message": str(error)}
    return {"files": [str(path) for path in files]}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
