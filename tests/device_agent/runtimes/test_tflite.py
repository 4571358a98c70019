"""What tflite-runtime says where it cannot work; tests/installed_wheel runs it in an environment of its own."""

import sys
from pathlib import Path

import pytest

from edgeprof_agent.runtimes.tflite import TfliteRuntime


def _reason() -> str:
    info = TfliteRuntime().describe()
    assert info is not None and info.unavailable_reason is not None
    assert "\n" not in info.unavailable_reason
    assert "--runtime-python tflite=" in info.unavailable_reason
    return info.unavailable_reason


def test_without_the_package_it_is_not_available_and_says_how_to_get_it() -> None:
    assert "cannot be imported" in _reason()
    assert "pip install 'edgeprof[tflite]'" in _reason()


@pytest.mark.parametrize("error", ["SystemError", "ImportError", "AttributeError"])
def test_beside_a_numpy_that_it_was_not_built_for_it_is_not_available(
    error: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "tflite_runtime"
    package.mkdir()
    (package / "__init__.py").write_text("")
    # As the package behaves beside NumPy 2: it imports, and cannot make an interpreter.
    text = (
        f"class Interpreter:\n    def __init__(self, model_content):\n        raise {error}('_ARRAY_API not found')\n"
    )
    (package / "interpreter.py").write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in ("tflite_runtime", "tflite_runtime.interpreter"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    assert "cannot work with NumPy" in _reason()
    for name in ("tflite_runtime", "tflite_runtime.interpreter"):
        monkeypatch.delitem(sys.modules, name, raising=False)
