"""The host's command line: one thin module for each verb."""

import sys


def main() -> None:
    """Run the command `edgeprof`; ends the process with its exit status."""
    try:
        from edgeprof.cli.main import run
    except ModuleNotFoundError as error:
        # A device installs the same distribution without what the host needs.
        if error.name is None or error.name.startswith("edgeprof"):
            raise
        sys.exit(f"error: {error.name} is not installed: the host's command needs pip install 'edgeprof[host]'")
    run()
