"""Brings the agent onto a board and takes it away again: each step can be repeated, and what fails is undone."""

import contextlib
import dataclasses
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from edgeprof.deploying.bringing import bring
from edgeprof.deploying.facts import BoardFacts, parse_facts
from edgeprof.deploying.gathering import Gathered, gather
from edgeprof.deploying.listener import DeployListener, DeployStep
from edgeprof.deploying.ssh import Board, ConnectionLostError
from edgeprof.deploying.wheel_target import target_of
from edgeprof.devices.client import connect
from edgeprof.devices.pairing import own_name
from edgeprof.devices.pairings import forget_certificate, forget_device, make_key, remember_device
from edgeprof.errors import AgentUnavailableError, DeployError
from edgeprof_proto import DEFAULT_PORT
from edgeprof_proto.shared.address import is_loopback, join_address, parse_address


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """An agent that was brought onto a board.

    Args:
        address: `host:port`, as `edgeprof.connect` takes it.
        folder: Its folder on the board.
        service: `system`, `user` or `none`: how it is started.
        is_reachable: Whether this host reached it at its address; otherwise it takes a tunnel.
        runtimes: The runtimes that the board can use, of those that were asked for.
    """

    address: str
    folder: str
    service: str
    is_reachable: bool
    runtimes: tuple[str, ...]


def deploy_on(
    board: Board, runtimes: tuple[str, ...], *, listen: str, folder: str, listener: DeployListener
) -> Deployed:
    """Carry out all steps of a deployment.

    Args:
        board: The board.
        runtimes: Names of runtimes.
        listen: Address that the agent listens on.
        folder: Folder on the board; empty for the usual one.
        listener: Is called at every step.

    Raises:
        DeployError: If a step fails; the board is as it was before, and the same command goes on.
        PairingFileError: If this host's key cannot be read or written.
    """
    facts = _look(board, folder, listener)
    interpreter = facts.interpreter()
    with tempfile.TemporaryDirectory(prefix="edgeprof-deploy-") as work_folder:
        target = target_of(facts, interpreter)
        listener.on_step(DeployStep.GATHER, f"wheels of {', '.join(runtimes) or 'the agent alone'} for {target.text}")
        gathered = gather(target, runtimes, Path(work_folder))
        with _undone_on_failure(board, facts):
            bring(board, facts, gathered, listener)
            python = _install(board, facts, gathered, interpreter.path, listener)
            _start(board, facts, python, listen, listener)
    return _pair(board, facts, python, listen, gathered.runtimes, listener)


def remove_from(board: Board, *, folder: str, listen: str, keep_results: bool, listener: DeployListener) -> list[str]:
    """Remove a deployment from a board, and its pairing from this host.

    Args:
        board: The board.
        folder: Folder on the board; empty for the usual one.
        listen: Address that the agent listened on, where the board no longer says so.
        keep_results: Whether the agent's data folder is kept on the board.
        listener: Is called at every step.

    Returns:
        What was done, a sentence each.

    Raises:
        DeployError: If something cannot be removed.
        PairingFileError: If this host's pairings cannot be read or written.
    """
    facts = _look(board, folder, listener)
    said: list[str] = []
    listener.on_step(DeployStep.REMOVE, f"the agent in {facts.folder}")
    if facts.state == "ours":
        certificate = _certificate(board, facts)
        flags = ["--keep-results"] if keep_results else []
        said += board.run_script("remove", facts.folder, *flags, elevate=facts.elevates).splitlines()
        if certificate is not None and forget_certificate(certificate):
            said.append("forgot the pairing.")
    else:
        said.append(f"there is no deployment in {facts.folder}.")
    if forget_device(_address(board, facts.record.get("listen", listen))):
        said.append("forgot the pairing.")
    return said


def _look(board: Board, folder: str, listener: DeployListener) -> BoardFacts:
    listener.on_step(DeployStep.LOOK, board.target)
    facts = parse_facts(board.run_script("look", folder))
    if facts.state == "foreign":
        raise DeployError(f"{facts.folder} on the board holds other files: name another folder with --folder")
    if facts.lacks:
        raise DeployError(f"the board lacks {', '.join(facts.lacks)}: install it there, then run this again")
    return facts


@contextlib.contextmanager
def _undone_on_failure(board: Board, facts: BoardFacts) -> Iterator[None]:
    try:
        yield
    except ConnectionLostError:
        # As after an interruption, the same command goes on from what is there.
        raise
    except DeployError:
        with contextlib.suppress(DeployError):
            board.run_script("undo", facts.folder, elevate=facts.elevates)
        raise


def _install(board: Board, facts: BoardFacts, gathered: Gathered, python: str, listener: DeployListener) -> str:
    listener.on_step(DeployStep.INSTALL, f"{len(gathered.wheels())} wheels into an environment of their own")
    return board.run_script("prepare", facts.folder, python, elevate=facts.elevates).splitlines()[-1]


def _start(board: Board, facts: BoardFacts, python: str, listen: str, listener: DeployListener) -> None:
    how = {"system": "as a service of the system", "user": "as a service of the user", "none": "by hand"}[facts.service]
    listener.on_step(DeployStep.SERVICE, f"starts the agent {how}; it listens on {listen}")
    for line in board.run_script(
        "start", facts.folder, python, facts.service, listen, elevate=facts.elevates
    ).splitlines():
        listener.on_note(line)
    if facts.service != "system" and facts.sudo == "password":
        listener.on_note("sudo asks for a password there, so the agent is no service of the system.")
    if facts.is_termux:
        listener.on_note(
            "Termux: `termux-wake-lock` keeps it running; the app Termux:Boot starts programs together with Android."
        )


def _pair(
    board: Board, facts: BoardFacts, python: str, listen: str, runtimes: tuple[str, ...], listener: DeployListener
) -> Deployed:
    """Let each end know the other's certificate, over SSH, and ask the agent what it is."""
    address = _address(board, listen)
    listener.on_step(DeployStep.PAIR, f"this host with {address}")
    data_dir = parse_facts(board.run_script("look", facts.folder)).record.get("data_dir", "")
    command = [python, "-I", "-m", "edgeprof_agent", "hosts", "--data-dir", data_dir]
    command += ["--trust", make_key().fingerprint, "--name", own_name()]
    said = board.run(command, facts.elevates)
    certificate = _certificate_in(said)
    if certificate is None:
        raise DeployError(f"the board did not show the certificate of its agent: {said[:200]!r}")
    remember_device(address, certificate)
    deployed = Deployed(
        address=address, folder=facts.folder, service=facts.service, is_reachable=True, runtimes=runtimes
    )
    try:
        with connect(address) as client:
            reasons = {runtime.name: runtime.unavailable_reason for runtime in client.device().runtimes}
    except AgentUnavailableError:
        port = parse_address(listen)[1]
        listener.on_note(
            f"the agent runs, and this host does not reach {address}: open the port, or use a tunnel: "
            f"ssh -N -L {port}:127.0.0.1:{port} {board.target}"
        )
        return dataclasses.replace(deployed, is_reachable=False)
    unusable = {name: reasons.get(name, "the agent does not know it") for name in runtimes}
    for name, reason in unusable.items():
        if reason is not None:
            listener.on_note(f"the board cannot use {name}: {reason}")
    return dataclasses.replace(deployed, runtimes=tuple(name for name in runtimes if unusable[name] is None))


def _certificate(board: Board, facts: BoardFacts) -> bytes | None:
    """Return the certificate of the agent on a board; None where it has none."""
    data_dir = facts.record.get("data_dir", "")
    if not data_dir:
        return None
    try:
        return _certificate_in(board.run(["cat", f"{data_dir}/device.crt"], facts.elevates))
    except DeployError:
        return None


def _certificate_in(said: str) -> bytes | None:
    """Return the certificate in what a board printed, whose login scripts may print other lines before."""
    found = re.search(r"-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----", said)
    return None if found is None else f"{found[0]}\n".encode()


def _address(board: Board, listen: str) -> str:
    """Return where this host reaches an agent that listens on an address of the board."""
    host, port = parse_address(listen)
    return join_address(host if is_loopback(host) else board.host_name(), port or DEFAULT_PORT)
