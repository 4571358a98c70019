"""What stands behind ± on a page or in a table is the deviation of a sample."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]

ROOMS = ("benchmarks", "sdk/edgeprof/cli", "predictor/edgeprof_predictor/evaluation")


def test_what_is_printed_over_seeds_never_leaves_the_kind_of_deviation_to_a_default() -> None:
    silent = []
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.Call):
                    continue
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if name == "pstdev" or (name == "std" and "ddof" not in {word.arg for word in node.keywords}):
                    silent.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert silent == []
