"""Options mean the same everywhere: `--json` is a switch of the product's commands, files of results are `--output`."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]


def options_named_json() -> dict[Path, list[ast.Call]]:
    """The calls that declare an option `--json`, by their file."""
    found: dict[Path, list[ast.Call]] = {}
    for room in ("benchmarks", "sdk", "device_agent", "scripts"):
        for path in (ROOT / room).rglob("*.py"):
            calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
            named = [
                call
                for call in calls
                if any(isinstance(item, ast.Constant) and item.value == "--json" for item in call.args)
            ]
            if named:
                found[path] = named
    return found


def test_json_is_a_switch_in_every_command() -> None:
    found = options_named_json()
    assert found
    for path, calls in found.items():
        for call in calls:
            given = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
            is_switch = given.get("is_flag") == "True" or given.get("action") == "'store_true'"
            assert is_switch, f"{path}:{call.lineno} takes a value: name a file of results --output"
