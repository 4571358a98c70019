from __future__ import annotations

import subprocess
import sys

import pytest

from edgeprof_predictor.methods.base import Method
from edgeprof_predictor.methods.registry import METHOD_NAMES, get_method


@pytest.mark.parametrize("name", METHOD_NAMES)
def test_every_name_stands_for_a_method_that_is_complete(name: str) -> None:
    method = get_method(name)
    assert issubclass(method, Method)
    assert not method.__abstractmethods__  # type: ignore[attr-defined]


def test_naming_the_methods_loads_no_torch() -> None:
    code = "import sys; from edgeprof_predictor.methods.registry import METHOD_NAMES; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
