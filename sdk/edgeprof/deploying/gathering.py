"""Gathers the wheels for another system on this host: pip's own resolver finds them, this module keeps them."""

import contextlib
import dataclasses
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path

from edgeprof.deploying.closure import missing_requirements
from edgeprof.deploying.own_wheel import pack_wheel, write_wheel
from edgeprof.deploying.wheel_target import WheelTarget
from edgeprof.errors import DeployError, InvalidArgumentError
from edgeprof.folders import default_cache_folder
from edgeprof_proto.version import VERSION

FRESH_S = 30 * 24 * 3600.0
"""Age up to which gathered wheels are used without asking for newer ones, in seconds: a month."""

_PIP_DURATION_S = 3_600.0
"""Longest download, in seconds: a slow line and 300 MB."""

_MAX_ROUND_COUNT = 5
"""Rounds in which requirements are found that pip overlooked; each has others than the one before."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """The wheels of one release.

    Args:
        folder: Folder with the wheels of others.
        own: edgeprof's wheel.
        target: The system that they are for.
        runtimes: The runtimes that are among them.
    """

    folder: Path
    own: Path
    target: WheelTarget
    runtimes: tuple[str, ...]

    def wheels(self) -> list[Path]:
        """All wheels, edgeprof's among them, by name."""
        return sorted([*self.folder.glob("*.whl"), self.own], key=lambda path: path.name)

    def release(self) -> dict[str, object]:
        """Describe the release as the board reads it."""
        return {
            "version": VERSION,
            "runtimes": list(self.runtimes),
            "python": self.target.python_text,
            "uses_system_packages": bool(self.target.system_packages),
            "wheels": {path.name: sha256_of(path) for path in self.wheels()},
        }


def check_runtimes(runtimes: tuple[str, ...]) -> tuple[str, ...]:
    """Return names of runtimes, each once, that this edgeprof has.

    Raises:
        InvalidArgumentError: If there is no such runtime.
    """
    entries = metadata.entry_points(group="edgeprof.runtimes")
    own = {entry.name for entry in entries if entry.dist is not None and entry.dist.name == "edgeprof"}
    # The simulated runtime, which has no extra, is for tests on hosts.
    known = sorted(own & set(metadata.metadata("edgeprof").get_all("Provides-Extra") or ()))
    for runtime in runtimes:
        if runtime not in known:
            raise InvalidArgumentError(f"a runtime must be one of {', '.join(known)}, got {str(runtime)[:60]!r}")
    return tuple(dict.fromkeys(runtimes))


def gather(target: WheelTarget, runtimes: tuple[str, ...], work_folder: Path) -> Gathered:
    """Gather the wheels of the agent with some runtimes; those of a month ago are used again.

    Args:
        target: The system that they are for.
        runtimes: Names of runtimes.
        work_folder: An empty folder, in which edgeprof's own wheel stays.

    Returns:
        The wheels.

    Raises:
        DeployError: If pip cannot find or fetch them.
    """
    own = write_wheel("edgeprof", work_folder)
    requires = sorted(metadata.requires("edgeprof") or ())
    key = json.dumps([dataclasses.astuple(target), runtimes, requires], sort_keys=True)
    folder = default_cache_folder() / "deploy" / hashlib.sha256(key.encode()).hexdigest()[:16]
    complete = folder / "complete"
    age_s = time.time() - complete.stat().st_mtime if complete.exists() else float("inf")
    if age_s > FRESH_S:
        try:
            _download(target, runtimes, own, folder, work_folder)
        except DeployError:
            # Without a network, those of before are better than none.
            if not complete.exists():
                raise
    return Gathered(folder=folder, own=own, target=target, runtimes=runtimes)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal digits."""
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()


def _download(target: WheelTarget, runtimes: tuple[str, ...], own: Path, folder: Path, work_folder: Path) -> None:
    """Let pip download into a new folder, and put it in the place of the old one."""
    named = f"edgeprof[{','.join(runtimes)}] @ {own.as_uri()}" if runtimes else f"edgeprof @ {own.as_uri()}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", dir=folder.parent))
    try:
        requirements = [named, "pip"]
        for _ in range(_MAX_ROUND_COUNT):
            _run_pip(target, requirements, partial, work_folder)
            overlooked = missing_requirements(partial.glob("*.whl"), "edgeprof", runtimes, target)
            if not overlooked:
                break
            requirements += overlooked
        else:
            raise DeployError(f"pip does not find all that edgeprof requires on {target.text}: {', '.join(overlooked)}")
        for path in partial.iterdir():
            if path.name.startswith("edgeprof-") or _is_stand_in(path, target):
                path.unlink()
        (partial / "complete").touch()
        shutil.rmtree(folder, ignore_errors=True)
        with contextlib.suppress(OSError):
            # Another deployment of the same kind may have been faster.
            os.rename(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _run_pip(target: WheelTarget, requirements: list[str], folder: Path, work_folder: Path) -> None:
    constraints, stand_ins = _stand_ins(target, work_folder)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"]
    command += ["--only-binary=:all:", "--implementation", "cp", "--python-version", target.python_text]
    for tag in target.tags:
        command += ["--platform", tag]
    command += ["--dest", str(folder), "--find-links", str(stand_ins), "--constraint", str(constraints)]
    try:
        done = subprocess.run(
            [*command, *requirements],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_PIP_DURATION_S,
        )
    except subprocess.TimeoutExpired:
        raise DeployError("the download of the wheels took more than an hour: try again on a faster line") from None
    if done.returncode:
        if "No module named pip" in done.stderr:
            raise DeployError(f"pip is missing here: `{sys.executable} -m ensurepip`, or use an environment with pip")
        reasons = [line.removeprefix("ERROR: ") for line in done.stderr.splitlines() if line.startswith("ERROR: ")]
        said = " ".join(reasons)[-1_000:] or done.stderr.strip()[-1_000:]
        raise DeployError(
            f"pip finds no wheels for {target.text}, or cannot fetch them; check the network, or choose another "
            f"runtime (--runtime R, --no-runtime): {said}"
        )


def _stand_ins(target: WheelTarget, work_folder: Path) -> tuple[Path, Path]:
    """Write a wheel without content for each package of the system, so that pip resolves with its version.

    Returns:
        A file of constraints, and the folder of the wheels.
    """
    folder = work_folder / "system-packages"
    folder.mkdir(exist_ok=True)
    lines = []
    for name, version in target.system_packages.items():
        stem = f"{name}-{version}"
        info = f"{stem}.dist-info"
        files = {
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode(),
            f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        pack_wheel(folder, stem, ["py3-none-any"], files)
        lines.append(f"{name}=={version}\n")
    constraints = work_folder / "constraints.txt"
    constraints.write_text("".join(lines), encoding="utf-8")
    return constraints, folder


def _is_stand_in(path: Path, target: WheelTarget) -> bool:
    return any(path.name == f"{name}-{version}-py3-none-any.whl" for name, version in target.system_packages.items())
