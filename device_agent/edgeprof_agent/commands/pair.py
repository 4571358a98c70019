"""`edgeprof-agent pair`: shows a one-time code and waits until a host has paired with it."""

import argparse
from typing import TYPE_CHECKING, Any

from edgeprof_agent.commands.options import add_data_dir, config_of
from edgeprof_agent.errors import ControlError

if TYPE_CHECKING:
    from edgeprof_proto.shared.pairing import Exchange


def add_parser(commands: Any) -> None:
    """Add the command to the parser's commands."""
    parser = commands.add_parser("pair", help="show a one-time code and wait for a host to pair with it")
    add_data_dir(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Show a code with which one host can pair within ten minutes.

    Returns:
        Exit status.

    Raises:
        AgentError: If no agent runs, it serves without encryption, or no host has paired.
    """
    from edgeprof_agent.control import Command
    from edgeprof_proto.shared.pairing import Exchange, make_code

    code = make_code()
    exchanges: dict[int, Exchange] = {}
    try:
        with Command(config_of(options).data_dir, {"command": "pair"}) as command:
            for answer in command.answers():
                if "open" in answer:
                    print(f"code: {code[:4]} {code[4:]}", flush=True)
                    print("type it on the host within ten minutes: edgeprof pair HOST:PORT", flush=True)
                elif "paired" in answer:
                    print(f"paired with {answer['paired']}", flush=True)
                    return 0
                else:
                    command.send({"question": answer["question"], **_compute(code, exchanges, answer)})
    except KeyboardInterrupt:
        raise ControlError("interrupted: the code has expired") from None
    raise ControlError("the agent stopped before a host paired: start it and try again")


def _compute(code: str, exchanges: "dict[int, Exchange]", question: dict[str, Any]) -> dict[str, Any]:
    """Compute the device's next message of an exchange; empty where the host does not know the code."""
    from edgeprof_proto.shared.pairing import Exchange, ExchangeError

    number = question["exchange"]
    try:
        if "begin" in question:
            exchanges[number] = Exchange(
                code,
                host_fingerprint=question["host_fingerprint"],
                device_fingerprint=question["device_fingerprint"],
                is_host=False,
            )
            exchanges[number].finish(bytes.fromhex(question["begin"]))
            return {"message": exchanges[number].message.hex()}
        exchanges[number].check(bytes.fromhex(question["proof"]))
        return {"proof": exchanges[number].proof.hex()}
    except ExchangeError:
        return {}
