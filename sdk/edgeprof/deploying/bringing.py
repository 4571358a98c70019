"""Sends what a board lacks of a release, and packs the same for a stick."""

import io
import json
import tarfile
from typing import IO

from edgeprof.deploying.closure import unpacked_bytes
from edgeprof.deploying.facts import BoardFacts
from edgeprof.deploying.gathering import Gathered
from edgeprof.deploying.listener import DeployListener, DeployStep
from edgeprof.deploying.ssh import BOARD_SCRIPT, Board
from edgeprof.errors import DeployError

PACK_FOLDER = "edgeprof-agent"
"""Folder in the archive of `pack_agent`."""

_ENVIRONMENT_BYTES = 40 * 2**20
"""Space for what is not in the wheels, in bytes: the environment itself and compiled modules of edgeprof."""

_COMPILED_SHARE = 1.3
"""Installed size with Python's compiled modules, relative to the files in the wheels."""


def bring(board: Board, facts: BoardFacts, gathered: Gathered, listener: DeployListener) -> None:
    """Send the release and those of its wheels that are not on the board yet.

    Args:
        board: The board.
        facts: What it is.
        gathered: The wheels.
        listener: Is told how far it is.

    Raises:
        DeployError: If it has too little space, or the transfer fails.
    """
    there = board.run_script("have", facts.folder, elevate=facts.elevates)
    present = {tuple(line.split(maxsplit=1)) for line in there.splitlines()}
    release = gathered.release()
    digests = release["wheels"]
    assert isinstance(digests, dict)
    wheels = [path for path in gathered.wheels() if (digests[path.name], path.name) not in present]
    total_bytes = sum(path.stat().st_size for path in wheels)
    needed_bytes = total_bytes + _ENVIRONMENT_BYTES
    needed_bytes += int(_COMPILED_SHARE * sum(unpacked_bytes(path) for path in gathered.wheels()))
    if facts.free_bytes is not None and facts.free_bytes < needed_bytes:
        raise DeployError(
            f"the board has {facts.free_bytes / 2**20:.0f} MiB free at {facts.folder}, and "
            f"{needed_bytes / 2**20:.0f} MiB are needed: free the disk, or name another folder with --folder"
        )
    listener.on_step(
        DeployStep.BRING,
        f"{len(wheels)} of {len(digests)} wheels, {total_bytes / 2**20:.1f} MiB, into {facts.folder}",
    )

    def send(stream: IO[bytes]) -> None:
        sent = 0
        with tarfile.open(fileobj=stream, mode="w|", format=tarfile.PAX_FORMAT) as archive:
            _add_release(archive, release, "")
            for path in wheels:
                size = path.stat().st_size
                with path.open("rb") as file:
                    archive.addfile(_entry(path.name, size), _Reported(file, listener, sent, total_bytes))
                sent += size

    board.run_script("take", facts.folder, elevate=facts.elevates, send=send)


def write_pack(gathered: Gathered, stream: IO[bytes]) -> None:
    """Write the archive for a stick: the wheels, their description and one script.

    Args:
        gathered: The wheels.
        stream: Where to write it.
    """
    # Wheels are compressed already: the fastest level gains what any other does.
    with tarfile.open(fileobj=stream, mode="w:gz", format=tarfile.PAX_FORMAT, compresslevel=1) as archive:
        # One script for the user of the stick; the other is a part of it.
        script = BOARD_SCRIPT.with_name("install.sh").read_bytes()
        script = script.replace(b"\n    :\n", b"\n" + BOARD_SCRIPT.read_bytes(), 1)
        archive.addfile(_entry(f"{PACK_FOLDER}/install.sh", len(script), mode=0o755), io.BytesIO(script))
        _add_release(archive, gathered.release(), f"{PACK_FOLDER}/wheels/")
        for path in gathered.wheels():
            with path.open("rb") as file:
                archive.addfile(_entry(f"{PACK_FOLDER}/wheels/{path.name}", path.stat().st_size), file)


def _add_release(archive: tarfile.TarFile, release: dict[str, object], folder: str) -> None:
    wheels = release["wheels"]
    assert isinstance(wheels, dict)
    sums = "".join(f"{digest}  {name}\n" for name, digest in wheels.items())
    for name, content in (("wheels.sha256", sums.encode()), ("release.json", json.dumps(release).encode())):
        archive.addfile(_entry(folder + name, len(content)), io.BytesIO(content))


def _entry(name: str, size: int, *, mode: int = 0o644) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, mode
    return entry


class _Reported:
    """A file whose reading is reported."""

    def __init__(self, file: IO[bytes], listener: DeployListener, sent: int, total: int) -> None:
        self._file, self._listener, self._sent, self._total = file, listener, sent, total

    def read(self, size: int = -1) -> bytes:
        block = self._file.read(size)
        self._sent += len(block)
        self._listener.on_progress(DeployStep.BRING, self._sent, self._total)
        return block
