"""Writes docs/faults.md from the tests: each test that is marked as a fault is a row.

python scripts/fault_table.py            writes it
python scripts/fault_table.py --check    fails where it differs
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
TESTS = ROOT / "tests" / "faults"
TABLE = ROOT / "docs" / "faults.md"

HEAD = """\
# Faults

What can go wrong, what the user sees, and what is kept. Each row is a test in `tests/faults`, with real processes, real
sockets and real disks; `python scripts/fault_table.py` makes this page from them. Where a job survives its fault, the
test compares the samples of the device's events, of its result and of the host's store: none is lost, and none counts
twice.
"""

CHAPTERS = {
    "test_kills": "Processes that are killed",
    "test_links": "Connections",
    "test_disks": "Disks and clocks",
    "test_sessions": "Sessions: onboarding, verification, comparison",
    "test_versions": "Versions",
}


def rows(module: Path) -> Iterator[tuple[str, str, str]]:
    """Yield fault, what the user sees and what is kept, for each marked test of a module in source order."""
    for node in ast.parse(module.read_text()).body:
        if not isinstance(node, ast.FunctionDef):
            continue
        for mark in node.decorator_list:
            if isinstance(mark, ast.Call) and isinstance(mark.func, ast.Name) and mark.func.id == "fault":
                texts = {keyword.arg: ast.literal_eval(keyword.value) for keyword in mark.keywords}
                yield texts["fault"], texts["sees"], texts["kept"]


def table() -> str:
    """Return the page as Markdown."""
    lines = [HEAD]
    for module in sorted(TESTS.glob("test_*.py"), key=lambda path: [*CHAPTERS, path.stem].index(path.stem)):
        found = list(rows(module))
        if found:
            title = CHAPTERS.get(module.stem, module.stem.removeprefix("test_").capitalize())
            lines += [f"## {title}", "", f"Tests: `tests/faults/{module.name}`.", ""]
            lines += ["| fault | what the user sees | what is kept |", "| --- | --- | --- |"]
            lines += [f"| {fault} | {sees} | {kept} |" for fault, sees, kept in found]
            lines.append("")
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """Write the page, or check it; returns the exit status."""
    if arguments == ["--check"]:
        if TABLE.read_text() != table():
            print(f"{TABLE.name} differs from tests/faults: run `python scripts/fault_table.py`", file=sys.stderr)
            return 1
        return 0
    TABLE.write_text(table())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
