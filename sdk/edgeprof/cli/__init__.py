"""The host's command line: one thin module for each verb."""

import os
import sys


def main() -> None:
    """Run the command `edgeprof`; ends the process with its exit status."""
    # Read once, when the libraries are loaded. Our matrices are small: more threads gain nothing, and beside any other
    # work they wait for each other for many times the arithmetic. The machine may also be the device under test.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    try:
        from edgeprof.cli.main import run
    except ModuleNotFoundError as error:
        # A device installs the same distribution without what the host needs.
        if error.name is None or error.name.startswith("edgeprof"):
            raise
        sys.exit(f"error: {error.name} is not installed: the host's command needs pip install 'edgeprof[host]'")
    run()
