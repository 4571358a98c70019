"""The arrows between the rooms, read from the source: who may import whom."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = {
    "edgeprof_proto": ROOT / "proto" / "edgeprof_proto",
    "edgeprof_agent": ROOT / "device_agent" / "edgeprof_agent",
    "edgeprof_predictor": ROOT / "predictor" / "edgeprof_predictor",
    "edgeprof": ROOT / "sdk" / "edgeprof",
}
ALLOWED = {
    "edgeprof_proto": set[str](),
    "edgeprof_agent": {"edgeprof_proto"},
    "edgeprof_predictor": set[str](),
    "edgeprof": {"edgeprof_proto", "edgeprof_predictor"},
}
FORBIDDEN_LIBRARIES = {
    "edgeprof_proto": {"torch", "numpy", "scipy", "onnx", "onnxruntime"},
    "edgeprof_agent": {"torch", "scipy", "pandas"},
    "edgeprof_predictor": {"grpc", "google", "sqlalchemy", "click"},
    "edgeprof": set[str](),
}


def imported_names(module: Path) -> Iterator[str]:
    """First parts of everything that a module imports, at the top or later."""
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} uses a relative import"
            yield (node.module or "").split(".")[0]


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_follow_the_arrows(package: str) -> None:
    for module in PACKAGES[package].rglob("*.py"):
        allowed = ALLOWED[package] | {package}
        if module.is_relative_to(PACKAGES["edgeprof"] / "testing"):
            allowed |= {"edgeprof_agent"}
        for name in imported_names(module):
            assert name not in PACKAGES or name in allowed, f"{module} imports {name}"
            assert name not in FORBIDDEN_LIBRARIES[package], f"{module} imports {name}"


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import edgeprof_agent.server", ("numpy", "onnxruntime", "torch", "onnx", "scipy")),
        ("import edgeprof_agent.worker.main", ("grpc", "torch", "onnx", "scipy", "onnxruntime", "google.protobuf")),
        ("import edgeprof.devices.client", ("torch", "onnx", "scipy", "edgeprof_agent")),
        ("import edgeprof.cli.devices, edgeprof.cli.benchmark", ("torch", "onnx", "scipy", "matplotlib")),
        ("import edgeprof.cli.main", ("numpy", "sqlalchemy")),
        ("import edgeprof.cli", ("torch", "onnx", "scipy", "matplotlib", "edgeprof_agent")),
    ],
)
def test_an_import_stays_light(statement: str, absent: tuple[str, ...]) -> None:
    program = f"{statement}; import sys; print(*(name for name in {absent!r} if name in sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert loaded.stdout.split() == []
