"""The arrows between the packages, and between the rooms inside each, read from the source: who may import whom."""

import ast
import subprocess
import sys
from collections.abc import Collection, Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from edgeprof_predictor.spaces import SPACE_NAMES

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
ROOMS = {
    "edgeprof_proto": [["record_json", "shared", "wire"], ["records", "v1", "version"]],
    "edgeprof_agent": [
        ["__main__"],
        ["commands"],
        ["server"],
        ["metrics", "rpc"],
        ["doctor"],
        ["jobs"],
        ["worker"],
        ["device"],
        ["control", "deployment", "runtimes"],
        ["service"],
        ["announcement", "isolation", "listening", "models", "trust"],
        ["config", "data_dir", "energy", "freed_memory"],
        ["calls", "conditions", "errors", "logs", "quiet_window", "short_process", "version"],
    ],
    "edgeprof_predictor": [
        ["profile_file", "profile_references", "search"],
        ["accuracy", "bundle", "evaluation", "explanations", "profile"],
        ["operator_prior", "transfer"],
        ["methods", "operators"],
        ["samplers"],
        ["encodings", "networks", "proxies"],
        ["metrics", "runs", "samples", "tables"],
        ["_profile_file", "spaces"],
        ["_storage"],
        ["_lazy_exports", "_output_files"],
        ["_nearest_names", "_plain_files", "errors"],
    ],
    "edgeprof": [
        ["__main__"],
        ["cli"],
        ["testing"],
        ["dashboard"],
        ["pages"],
        ["deploying", "fleet", "plots"],
        ["reporting", "searching"],
        ["onboarding"],
        ["operator_models"],
        ["measuring"],
        ["devices", "evaluating"],
        ["exporters", "store"],
        ["arguments", "folders", "network_source", "output_files", "prediction"],
        ["errors"],
    ],
}
"""The rooms of each package, floor by floor from the top: a room imports from floors below its own, and from itself.

A room is a folder of the package, or a module that lies in none. The package's own `__init__` may import from all.
"""


def modules_of(package: str) -> dict[str, Path]:
    """Every hand-written module of a package by its dotted name."""
    folder = PACKAGES[package]
    found = {}
    for path in folder.rglob("*.py"):
        if "_pb2" not in path.name:
            parts = path.relative_to(folder.parent).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports_of(path: Path, modules: Collection[str] = ()) -> Iterator[str]:
    """Every module that a module imports, at the top, in functions and for type checking.

    Args:
        path: The module's source.
        modules: Names of modules: `from package import module` is an import of the module where it is one of these.
    """
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} uses a relative import"
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                yield name if name in modules else str(node.module)


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_follow_the_arrows_between_packages(package: str) -> None:
    for path in modules_of(package).values():
        allowed = ALLOWED[package] | {package}
        if path.is_relative_to(PACKAGES["edgeprof"] / "testing"):
            allowed |= {"edgeprof_agent"}
        for name in {imported.split(".")[0] for imported in imports_of(path)}:
            assert name not in PACKAGES or name in allowed, f"{path} imports {name}"
            assert name not in FORBIDDEN_LIBRARIES[package], f"{path} imports {name}"


def room_of(module: str) -> str:
    return module.split(".")[1]


@pytest.mark.parametrize("package", PACKAGES)
def test_every_room_imports_only_what_lies_below_it(package: str) -> None:
    modules = modules_of(package)
    floors = {room: floor for floor, rooms in enumerate(ROOMS[package]) for room in rooms}
    assert set(floors) == {room_of(module) for module in modules if module != package}
    upwards = {
        f"{module} imports {imported}"
        for module, path in modules.items()
        if module != package
        for imported in imports_of(path, modules)
        if imported in modules and imported != package and room_of(imported) != room_of(module)
        if floors[room_of(imported)] <= floors[room_of(module)]
    }
    assert not upwards


@pytest.mark.parametrize("package", PACKAGES)
def test_no_modules_import_each_other_in_a_circle(package: str) -> None:
    modules = modules_of(package)
    imports = {
        module: {name for name in imports_of(path, modules) if name in modules} for module, path in modules.items()
    }
    try:
        # A package's `__init__` runs before its modules, so importing from it is no arrow of its own.
        TopologicalSorter({module: found - {module} for module, found in imports.items()}).prepare()
    except CycleError as error:
        raise AssertionError(" imports ".join(reversed(error.args[1]))) from None


@pytest.mark.parametrize("package", ["edgeprof_predictor", "edgeprof"])
def test_nothing_outside_the_spaces_asks_for_a_space_by_its_name(package: str) -> None:
    for path in modules_of(package).values():
        if path.is_relative_to(PACKAGES["edgeprof_predictor"] / "spaces"):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            asked = node.keys if isinstance(node, ast.Dict) else ast.walk(node) if isinstance(node, ast.Compare) else ()
            names = {item.value for item in asked if isinstance(item, ast.Constant)}
            assert not names & set(SPACE_NAMES), f"{path}:{getattr(node, 'lineno', '')} asks for {names}"


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import edgeprof_agent.server", ("edgeprof_agent.metrics", "numpy", "onnxruntime", "torch", "onnx", "scipy")),
        ("import edgeprof_agent.worker.main", ("grpc", "torch", "onnx", "scipy", "onnxruntime", "google.protobuf")),
        ("import edgeprof.devices.client", ("torch", "onnx", "scipy", "edgeprof_agent")),
        ("import edgeprof.cli.devices, edgeprof.cli.benchmark", ("torch", "onnx", "scipy", "matplotlib")),
        (
            "import edgeprof.cli.main",
            ("numpy", "sqlalchemy", "rich", "importlib.metadata", "edgeprof_proto.records.measurement"),
        ),
        ("import edgeprof.operator_models.api, edgeprof.cli.onboard_models", ("torch", "onnx", "scipy", "matplotlib")),
        ("import edgeprof.devices.known_devices, edgeprof.store.store", ("grpc", "google.protobuf", "alembic")),
        ("import edgeprof_agent.__main__", ("grpc", "google.protobuf", "sqlite3", "asyncio", "importlib.metadata")),
        (
            "import edgeprof.cli.predict_models, edgeprof.cli.explain, edgeprof.operator_models.prediction",
            ("torch", "onnx", "scipy", "matplotlib", "sqlalchemy", "grpc", "edgeprof_agent"),
        ),
        ("import edgeprof.cli", ("torch", "onnx", "scipy", "matplotlib", "edgeprof_agent")),
    ],
)
def test_an_import_stays_light(statement: str, absent: tuple[str, ...]) -> None:
    program = f"{statement}; import sys; print(*(name for name in {absent!r} if name in sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert loaded.stdout.split() == []
