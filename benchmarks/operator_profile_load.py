"""How long a profile of models takes to load, and a prediction by it.

    python benchmarks/operator_profile_load.py PROFILE

Prints the seconds to import what reads it, to load it, and to predict the largest network that it was fitted to, each
the fastest of 5 but the first. The graph of a new model costs what the runtime takes to load it, which is not in here.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

REPEAT_COUNT = 5


def fastest_s(call: Callable[[], object]) -> float:
    """Return the shortest time of some calls, in seconds."""
    times = []
    for _ in range(REPEAT_COUNT):
        begin_s = time.perf_counter()
        call()
        times.append(time.perf_counter() - begin_s)
    return min(times)


def main(path: str) -> None:
    """Print the times of one profile."""
    begin_s = time.perf_counter()
    from edgeprof_predictor.operators.prediction import predict_records
    from edgeprof_predictor.operators.records import untimed
    from edgeprof_predictor.profile_file import ProfileFile

    print(f"import      {time.perf_counter() - begin_s:.3f} s")
    print(f"load        {fastest_s(lambda: ProfileFile(path).operator_profile()):.3f} s")
    model = ProfileFile(path).operator_profile().model
    largest = max(model.networks, key=lambda network: len(network.records))
    records = untimed(largest.records)
    print(f"prediction  {fastest_s(lambda: predict_records(model, records)):.3f} s, {len(records)} kinds of operators")


if __name__ == "__main__":
    main(*sys.argv[1:])
