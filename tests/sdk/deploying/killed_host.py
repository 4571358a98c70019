"""A host whose deployment ends by SIGKILL while one of its commands runs, or right after it.

    python killed_host.py deploy|remove TARGET LISTEN FOLDER SSH COMMAND during|SECONDS|after|told [RUNTIME]...

COMMAND is one that it runs on the board (`look`, `have`, `take`, `prepare`, `start`, `hosts`, `cat`, `remove`; a second
one is `look 2`), or `gather`, which it does itself. A number is the time into it. `told` prints a line during the
command instead, and goes on.
"""

import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import edgeprof
from edgeprof.deploying import procedure
from edgeprof.deploying.ssh import Board
from edgeprof.errors import DeployError

DURING_S = 0.3
"""Time after the beginning of a command; one that is shorter has ended by then, and the next has not begun."""


def end() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def ending(call: Callable[..., Any], at: str, moment: str, name_of: Callable[..., str]) -> Callable[..., Any]:
    """Return a function that does the same and ends this process at the command `at`."""
    counts = Counter[str]()

    def run(*arguments: Any, **named: Any) -> Any:
        name = name_of(*arguments)
        counts[name] += 1
        if at != (name if counts[name] == 1 else f"{name} {counts[name]}"):
            return call(*arguments, **named)
        act = (lambda: print("now", flush=True)) if moment == "told" else end
        timer = threading.Timer(DURING_S if moment in ("during", "after", "told") else float(moment), act)
        timer.daemon = True
        if moment != "after":
            timer.start()
        found = call(*arguments, **named)
        if moment != "told":
            end()
        return found

    return run


def command_name(_: Board, command: list[str], *__: object) -> str:
    return command[0] if command[0] == "cat" else command[4]


def main() -> int:
    act, target, listen, folder, ssh, at, moment, *runtimes = sys.argv[1:]
    Board.run = ending(Board.run, at, moment, command_name)  # type: ignore[method-assign]
    procedure.gather = ending(procedure.gather, at, moment, lambda *_: "gather")
    try:
        if act == "deploy":
            edgeprof.deploy(target, tuple(runtimes), listen=listen, folder=folder, ssh=ssh)
        else:
            edgeprof.undeploy(target, listen=listen, folder=folder, ssh=ssh)
    except DeployError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
