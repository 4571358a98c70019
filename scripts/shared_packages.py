"""Lends one environment the packages that a wheel requires from another, so that PyTorch is not installed twice.

    PYTHON scripts/shared_packages.py WHEEL EXTRA ENVIRONMENT

PYTHON's environment lends: every installed package that the wheel requires with EXTRA, directly or through others, and
nothing else. They are linked into a folder beside ENVIRONMENT, and a .pth file puts that folder behind the packages of
ENVIRONMENT: pip finds them there, installs what is missing into ENVIRONMENT, and never writes to what is lent.
"""

import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def required_distributions(wheel: Path, extra: str) -> Iterator[metadata.Distribution]:
    """Find every installed distribution that a wheel requires with an extra, directly or through others.

    Args:
        wheel: The wheel; it need not be installed.
        extra: Name of the extra.

    Yields:
        Distributions, each once; one that is not installed here is left out, with all that it alone requires.
    """
    (root,) = metadata.distributions(path=[str(wheel)])
    name = canonicalize_name(root.metadata["Name"])
    found = {name: root}
    waiting, seen = [(name, extra)], set[tuple[str, str]]()
    while waiting:
        name, wanted = waiting.pop()
        if (name, wanted) in seen:
            continue
        seen.add((name, wanted))
        if name not in found:
            try:
                found[name] = metadata.distribution(name)
            except metadata.PackageNotFoundError:
                continue
            yield found[name]
        for requirement in map(Requirement, found[name].requires or ()):
            if requirement.marker is None or requirement.marker.evaluate({"extra": wanted}):
                waiting += [(canonicalize_name(requirement.name), item) for item in ("", *requirement.extras)]


def link(distribution: metadata.Distribution, folder: Path) -> None:
    """Link the modules, packages and metadata of a distribution into a folder."""
    for name in {file.parts[0] for file in distribution.files or ()} - {"..", "__pycache__"}:
        link = folder / name
        # Distributions with one namespace, as `google`, have one folder.
        if not link.exists():
            link.symlink_to(Path(str(distribution.locate_file(name))).resolve())


def main(arguments: list[str]) -> int:
    """Link the packages; returns the exit status."""
    wheel, extra, environment = Path(arguments[0]), arguments[1], Path(arguments[2]).resolve()
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    site_packages = environment / "lib" / version / "site-packages"
    if not site_packages.is_dir():
        print(f"{environment} is not of {version}: nothing is lent to it", file=sys.stderr)
        return 0
    folder = environment.with_name(f"{environment.name}-lent")
    folder.mkdir()
    for distribution in required_distributions(wheel, extra):
        link(distribution, folder)
    (site_packages / "lent.pth").write_text(f"{folder}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
