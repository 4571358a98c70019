"""How long a profile of models takes to load, a prediction by it, and the whole commands.

    python benchmarks/operator_profile_load.py PROFILE [MODEL]

Prints the seconds to import what reads it, to load it, and to predict the largest network that it was fitted to, each
the fastest of 5 but the first. With a model also those of `edgeprof predict` and `edgeprof explain` of its file as a
user waits for them: the first one, for which the runtime on this host loads the model, and the fastest of 5 after it,
which find its graph in the cache folder.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

REPEAT_COUNT = 5


def fastest_s(call: Callable[[], object]) -> float:
    """Return the shortest time of some calls, in seconds."""
    return min(seconds_of(call) for _ in range(REPEAT_COUNT))


def seconds_of(call: Callable[[], object]) -> float:
    """Return the time of a call, in seconds."""
    begin_s = time.perf_counter()
    call()
    return time.perf_counter() - begin_s


def print_commands(path: str, model: str) -> None:
    """Print how long the whole commands take."""
    with tempfile.TemporaryDirectory(prefix="edgeprof-load-") as folder:
        environment = {**os.environ, "EDGEPROF_CACHE": folder}

        def run(verb: str) -> None:
            command = [sys.executable, "-m", "edgeprof", verb, path, model]
            subprocess.run(command, env=environment, check=True, capture_output=True)

        print(f"first `predict`, the model loaded by its runtime here {seconds_of(lambda: run('predict')):.3f} s")
        for verb in ("predict", "explain"):
            print(f"`edgeprof {verb}` after it {fastest_s(lambda verb=verb: run(verb)):.3f} s")


def main(path: str, model: str = "") -> None:
    """Print the times of one profile."""
    begin_s = time.perf_counter()
    from edgeprof_predictor.operators.prediction import predict_records
    from edgeprof_predictor.operators.records import untimed
    from edgeprof_predictor.profile_file import ProfileFile

    print(f"import      {time.perf_counter() - begin_s:.3f} s")
    print(f"load        {fastest_s(lambda: ProfileFile(path).operator_profile()):.3f} s")
    loaded = ProfileFile(path).operator_profile().model
    largest = max(loaded.networks, key=lambda network: len(network.records))
    records = untimed(largest.records)
    print(f"prediction  {fastest_s(lambda: predict_records(loaded, records)):.3f} s, {len(records)} kinds of operators")
    if model:
        print_commands(path, model)


if __name__ == "__main__":
    main(*sys.argv[1:])
