"""Keep what is finished of a run, so that the same run goes on where it was interrupted.

The journal is a file of JSON lines: first what the run depends on, then the rows of each unit as it
finishes. It knows nothing of what the rows mean.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from edgeprof_predictor._output_files import require_writable, write_output
from edgeprof_predictor._plain_files import MAX_FILE_BYTES, read_plain_file
from edgeprof_predictor.errors import JournalError

SCHEMA_VERSION: Final = 1

_BEGINNING: Final = b'{"schema_version"'

Row = dict[str, Any]
"""A row of results; its values are those of JSON."""


class Journal:
    """The finished units of one run, on disk when `add` returns.

    Args:
        path: File of the journal; a new one is begun when there is none.
        inputs: All that the rows of a unit depend on, by names that a user understands. The code of
            this package is added unless `depends_on_code` is False.
        depends_on_code: Whether other code might have found other rows; not where they are facts that somebody else
            measured or trained.

    Raises:
        JournalError: If the file cannot be read or written, or belongs to a run with other inputs.
    """

    def __init__(self, path: Path, inputs: Mapping[str, str], *, depends_on_code: bool = True) -> None:
        self.path: Final = path
        self._inputs = {**inputs, **({"code": code_digest()} if depends_on_code else {})}
        self.finished: Final[dict[str, list[Row]]] = {}
        try:
            self._end = self._read(read_plain_file(path, max_bytes=MAX_FILE_BYTES)) if path.exists() else 0
            with path.open("ab") as file:
                # What a killed run left of its last line would spoil the next one.
                file.truncate(self._end)
            if not self._end:
                self._append({"schema_version": SCHEMA_VERSION, "inputs": self._inputs})
        except OSError as error:
            raise JournalError(f"cannot write {path}: {error.strerror or error}") from error

    @classmethod
    def beside(cls, results: Path, inputs: Mapping[str, str]) -> Journal:
        """Return the journal of a run whose results will be written to a file.

        Args:
            results: That file; the journal stands beside it until the run is finished.
            inputs: What the rows of a unit depend on.

        Raises:
            JournalError: If results or journal cannot be written, or the journal belongs to another run.
        """
        try:
            require_writable(results)
        except OSError as error:
            raise JournalError(f"cannot write {results}: {error.strerror or error}") from error
        return cls(results.with_name(f"{results.name}.journal"), inputs)

    def add(self, name: str, rows: Sequence[Row]) -> None:
        """Write down a finished unit.

        Args:
            name: Of the unit.
            rows: Its results.

        Raises:
            JournalError: If the file cannot be written.
        """
        try:
            self._append({"unit": name, "rows": list(rows)})
        except OSError as error:
            raise JournalError(f"cannot write {self.path}: {error.strerror or error}") from error
        self.finished[name] = list(rows)

    def remove(self) -> None:
        """Delete the file: the run is finished, and its results are elsewhere."""
        self.path.unlink(missing_ok=True)

    def _append(self, line: object) -> None:
        with self.path.open("ab") as file:
            file.write(json.dumps(line, allow_nan=False).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def _read(self, content: bytes) -> int:
        """Take over the finished units; return where the last whole line ends."""
        end = content.rfind(b"\n") + 1
        try:
            if not end:
                # Killed while it wrote its very first line, or not ours at all: nothing of others may be lost.
                if not content.startswith(_BEGINNING[: len(content)]):
                    raise ValueError("its first line is something else")
                return 0
            header, *lines = content[:end].split(b"\n")[:-1]
            self._check_inputs(json.loads(header))
            for line in lines:
                unit = json.loads(line)
                self.finished[unit["unit"]] = unit["rows"]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise JournalError(f"{self.path} is no journal of a run ({error}); move it away") from error
        return end

    def _check_inputs(self, header: Mapping[str, Any]) -> None:
        if header["schema_version"] != SCHEMA_VERSION:
            raise JournalError(f"{self.path} was written by another edgeprof; delete it to begin anew")
        theirs = header["inputs"]
        different = [name for name in {**self._inputs, **theirs} if theirs.get(name) != self._inputs.get(name)]
        if different:
            raise JournalError(
                f"{self.path} belongs to an unfinished run with another {' and another '.join(different)}; "
                f"repeat that command to finish it, or delete the file to begin anew"
            )


def write_rows(path: Path, rows: Sequence[Row]) -> None:
    """Write results as a JSON list, whole or not at all.

    Raises:
        JournalError: If the file cannot be written.
    """
    try:
        write_output(path, (json.dumps(list(rows), indent=1, allow_nan=False) + "\n").encode())
    except OSError as error:
        raise JournalError(f"cannot write {path}: {error.strerror or error}") from error


@cache
def code_digest() -> str:
    """Return a fingerprint of this package's source: results of other versions must not be mixed with its own."""
    root = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for module in sorted(root.rglob("*.py")):
        digest.update(module.relative_to(root).as_posix().encode() + module.read_bytes())
    return digest.hexdigest()
