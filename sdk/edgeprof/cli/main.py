"""The command `edgeprof`: finds the verb, and turns our errors into one sentence and an exit status."""

import importlib
import keyword
import logging
import sys

import click

from edgeprof.cli.interruption import end_in_order_on_signals
from edgeprof.cli.plain_output import print_message
from edgeprof.cli.streams import flush_streams
from edgeprof.errors import EdgeprofError
from edgeprof_predictor.errors import PredictorError
from edgeprof_proto.records.validation import RecordError
from edgeprof_proto.version import VERSION

VERBS = {
    "devices": "Show devices: those known, or the ones given; give them names.",
    "pair": "Pair this host with a device by the code that it shows.",
    "deploy": "Bring the agent onto a board over SSH, start it, and pair with it.",
    "jobs": "Show the jobs that a device keeps; cancel or drop them.",
    "doctor": "Find out what is wrong with a device, and what to do.",
    "benchmark": "Measure models on a device, by one runtime or several.",
    "compare": "Say which of two models, or settings of one, is faster on a device.",
    "gate": "Say in a pipeline whether a model is fast enough.",
    "onboard": "Measure a few networks on a device and adapt a predictor of all others.",
    "collect": "Measure networks on devices, as a table of architectures by platforms.",
    "predict": "Predict how fast networks run on an onboarded platform.",
    "explain": "Say where the time of a model goes, operator by operator, without running it.",
    "rank": "Find the fastest of some models, measuring only those that may be it.",
    "verify": "Measure networks that were no samples of a profile, and compare.",
    "search": "Find the most accurate network within a latency limit, training few.",
    "profiles": "Show which profiles there are, of which devices, and how old they are.",
    "results": "Show what this host has measured; compare two results, or export them.",
    "report": "Write one HTML page of a result, of two, of a profile, or of all results.",
    "dashboard": "Serve pages over the store and the profiles of this host to its browsers.",
    "import": "Import a table of latencies that others have published.",
    "fit": "Fit a predictor to tables of latencies, to onboard devices with it.",
    "learn": "Let devices that were onboarded be sources for the next ones.",
    "evaluate": "Compare methods of prediction on a table of latencies.",
    "evaluate-accuracy": "Compare accuracy predictors on a task of which few networks are trained.",
    "evaluate-models": "Compare predictors of any model's latency on measured models.",
    "proxies": "Compute zero-cost proxies of a network, or of networks of a search space.",
    "demo": "Do it all on this machine: agent, onboarding, prediction, verification.",
}
"""The verbs with their short help, here so that `edgeprof --help` need not import torch."""

EXIT_ERROR = 1
EXIT_INTERRUPTED = 130


class LazyGroup(click.Group):
    """A group that imports the module of a verb when the verb is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all verbs, in the order of a user's first day."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a verb, imported now."""
        if cmd_name not in VERBS:
            return None
        # No module or function can be called `import`: as elsewhere in Python, a keyword gets an underscore.
        name = f"{cmd_name}_" if keyword.iskeyword(cmd_name) else cmd_name.replace("-", "_")
        command = getattr(importlib.import_module(f"edgeprof.cli.{name}"), name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the verbs with their short help."""
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="edgeprof")
@click.option("-v", "--verbose", is_flag=True, help="Log each step on stderr.")
def edgeprof(verbose: bool) -> None:
    """Measure a handful of neural networks on a device, then know how fast any other runs there."""
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.INFO if verbose else logging.WARNING,
        format="%(levelname)s %(name)s: %(message)s",
    )
    # Alembic logs at every start that there is nothing to migrate.
    logging.getLogger("alembic").setLevel(logging.WARNING)


def run() -> None:
    """Run the command line; ends the process with its exit status."""
    end_in_order_on_signals()
    status = _status()
    failure = flush_streams()
    # What failed before has been said: it may be the same full disk.
    if failure is not None and status == 0 and not isinstance(failure, BrokenPipeError):
        click.echo(f"error: the output cannot be written ({failure.strerror})", err=True)
    sys.exit(status or (EXIT_ERROR if failure else 0))


def _status() -> int:
    """Run the command line; return its exit status."""
    try:
        edgeprof.main(standalone_mode=False)
    except (EdgeprofError, PredictorError, RecordError) as error:
        print_message(f"error: {error}")
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort) as error:
        # Click puts an exception of its own in the place of the interruption, which may say what became of the work.
        became = str(error.__cause__ or error) or "nothing measured is lost: the same command goes on where it stopped"
        click.echo(f"interrupted; {became}", err=True)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has left, as `head` does.
        return EXIT_ERROR
    except OSError as error:
        name = f" {error.filename}" if error.filename else ""
        click.echo(f"error: the system refuses{name} ({error.strerror or error})", err=True)
    else:
        return 0
    return EXIT_ERROR
