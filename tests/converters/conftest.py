"""Tests of converters that are too large for the development environment; `scripts/test_converters` runs them."""

import importlib.util

collect_ignore_glob = [] if importlib.util.find_spec("litert_torch") else ["test_*.py"]
