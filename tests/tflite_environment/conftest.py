"""Tests of tflite-runtime in an environment of its own, with NumPy 1; `scripts/test_converters` runs them."""

import importlib.util

collect_ignore_glob = [] if importlib.util.find_spec("tflite_runtime") else ["test_*.py"]
