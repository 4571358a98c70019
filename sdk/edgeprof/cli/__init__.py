"""The host's command line: one thin module for each verb."""

import gc
import os
import sys


def main() -> None:
    """Run the command `edgeprof`; ends the process with its exit status."""
    # The libraries read it once, when they are loaded. The matrices are small: more threads gain nothing, and on a
    # busy machine their synchronisation takes many times the arithmetic. This machine may also be the measured device.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    from edgeprof.cli.streams import prepare_streams

    prepare_streams()
    try:
        from edgeprof.cli.main import run
    except ModuleNotFoundError as error:
        # A device installs the same distribution without what the host needs.
        if error.name is None or error.name.startswith("edgeprof"):
            raise
        sys.exit(f"error: {error.name} is not installed: the host's command needs pip install 'edgeprof[host]'")
    try:
        run()
    finally:
        # Python would look for garbage among all that there is before it ends, which takes a tenth of a short command.
        gc.freeze()
