"""Files and functions stay short enough to be read at once."""

import ast
from pathlib import Path

ROOT = Path(__file__).parent.parent
ROOMS = ("proto", "device_agent", "predictor", "sdk", "tests", "benchmarks", "scripts")
FILE_LINE_LIMIT = 300
FUNCTION_LINE_LIMIT = 60


def test_no_file_and_no_function_is_too_long() -> None:
    too_long = []
    for path in (path for room in ROOMS for path in (ROOT / room).rglob("*.py") if "_pb2" not in path.name):
        source = path.read_text()
        if source.count("\n") > FILE_LINE_LIMIT:
            too_long.append(f"{path} has more than {FILE_LINE_LIMIT} lines")
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno is not None
                if node.end_lineno - node.lineno + 1 > FUNCTION_LINE_LIMIT:
                    too_long.append(f"{path}:{node.lineno} {node.name} has more than {FUNCTION_LINE_LIMIT} lines")
    assert not too_long
