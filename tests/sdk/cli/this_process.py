"""The command line in this process, which holds already what a new one imports for seconds."""

import contextlib
import io
import subprocess
import sys
from pathlib import Path

import pytest

from edgeprof.cli.main import run


def edgeprof(*arguments: str, folder: Path | None = None) -> "subprocess.CompletedProcess[str]":
    """Run the command in a folder, and return what a process would have left."""
    stdout, stderr = io.StringIO(), io.StringIO()
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(stdout),
        contextlib.redirect_stderr(stderr),
        pytest.raises(SystemExit) as ended,
    ):
        patch.setattr(sys, "argv", ["edgeprof", *arguments])
        # Signals stay those of the tests.
        patch.setattr("edgeprof.cli.main.end_in_order_on_signals", lambda: None)
        if folder is not None:
            patch.chdir(folder)
        run()
    assert isinstance(ended.value.code, int)
    return subprocess.CompletedProcess(arguments, ended.value.code, stdout.getvalue(), stderr.getvalue())
