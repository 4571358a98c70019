"""Which code made a figure: digests for the keys of caches, and the sentence that a page prints.

Comments and docstrings do not count: whoever words them anew need not compute for hours again.
"""

from __future__ import annotations

import ast
import hashlib
import subprocess
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
PREDICTOR: Final = "edgeprof_predictor"
SHOWN_DIGITS: Final = 12


def digest_of_modules(modules: Iterable[str], *, files: Iterable[Path] = ()) -> str:
    """Return a digest of modules of the predictor, of all that they import from it, and of some files.

    Args:
        modules: As for `files_behind`.
        files: Python files that count by themselves, without what they import.
    """
    return _digest({*files_behind(modules), *files})


def files_behind(modules: Iterable[str]) -> set[Path]:
    """Return the files of modules of the predictor and of all that they import from it, inside functions too.

    Args:
        modules: Names such as `edgeprof_predictor.metrics`. What a registry names by text is not followed: name it.
    """
    found: set[str] = set()
    waiting = [part for name in modules for part in _with_packages(name)]
    while waiting:
        name = waiting.pop()
        if name not in found and (path := _file_of(name)) is not None:
            found.add(name)
            waiting += _imported(path)
    return {path for name in found if (path := _file_of(name)) is not None}


def digest_of_benchmark(folder: Path | None = None) -> str:
    """Return a digest of the whole predictor, of the benchmarks' shared modules, and of a benchmark's own folder."""
    spec = find_spec(PREDICTOR)
    assert spec is not None and spec.origin is not None
    shared = Path(__file__).parent.glob("*.py")
    return _digest({*Path(spec.origin).parent.rglob("*.py"), *(folder.rglob("*.py") if folder else ()), *shared})


def made_from(digest: str, commit: str) -> str:
    """Return the sentence of a page: from which code its figures are."""
    return f"Figures of the code with digest `{digest[:SHOWN_DIGITS]}`, {commit}."


def write_code_beside(results: Path, sentence: str) -> None:
    """Keep beside a file of results which code made it."""
    results.with_suffix(".code").write_text(sentence, encoding="utf-8")


def code_beside(results: Path) -> str:
    """Return what `write_code_beside` kept."""
    path = results.with_suffix(".code")
    return f"{path.read_text(encoding='utf-8') if path.exists() else 'Which code made these figures is not known.'}\n"


@cache
def commit() -> str:
    """Return the commit of the checkout in words, and whether its code was changed since."""
    try:
        number = _git("rev-parse", "--short=10", "HEAD")
        changed = _git("status", "--porcelain", "--", "predictor", "benchmarks")
    except (OSError, subprocess.CalledProcessError):
        return "outside a checkout"
    return f"commit {number}{' with changes' if changed else ''}"


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(ROOT), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def _digest(paths: Iterable[Path]) -> str:
    """Return the digest of files; where they are does not count."""
    return hashlib.sha256("\n".join(sorted(_digest_of_file(path) for path in paths)).encode()).hexdigest()


@cache
def _digest_of_file(path: Path) -> str:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [part for part in node.body if not _is_text(part)]
    return f"{path.name} {hashlib.sha256(ast.dump(tree).encode()).hexdigest()}"


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


@cache
def _imported(path: Path) -> tuple[str, ...]:
    """Return what a file imports from the predictor, anywhere in it; some names may be no modules."""
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return tuple(part for name in names if name.split(".")[0] == PREDICTOR for part in _with_packages(name))


def _with_packages(name: str) -> Iterator[str]:
    """Return a module and the packages that importing it imports, too."""
    parts = name.split(".")
    return (".".join(parts[:end]) for end in range(1, len(parts) + 1))


@cache
def _file_of(name: str) -> Path | None:
    """Return the file of a module of the predictor; None where there is no such module."""
    spec = find_spec(PREDICTOR)
    assert spec is not None and spec.origin is not None
    base = Path(spec.origin).parent.joinpath(*name.split(".")[1:])
    return next((path for path in (base / "__init__.py", base.with_suffix(".py")) if path.is_file()), None)
