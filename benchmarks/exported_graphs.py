"""What the exported graph in place of the engine's own adds to the error of a prediction.

python benchmarks/exported_graphs.py FOLDER PROFILE...

FOLDER holds ONNX files; where the runtime of a profile reads another format, its files (`.tflite`, `.param`) lie beside
them under the same names. Each model is predicted twice by each profile: from the graph that the runtime makes of it on
this host, and from the exported file, constants folded. No latency is measured: what is compared are two
predictions. The root mean square of their differences in logs over all profiles is `EXPORTED_GRAPH_SD` of
`edgeprof_predictor.operators.prediction`.
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

from edgeprof.errors import EdgeprofError
from edgeprof.operator_models.exported_graphs import exported_graph
from edgeprof.operator_models.graph_sources import HostGraphs
from edgeprof.operator_models.graphs import graph_of
from edgeprof.operator_models.host_engine import HostEngine
from edgeprof.operator_models.prediction import load_operator_profile
from edgeprof.store.platform import Platform
from edgeprof_predictor.errors import PredictorError
from edgeprof_predictor.operators.profile import OperatorProfile

SUFFIXES = {"litert": ".tflite", "tflite": ".tflite", "ncnn": ".param"}
"""Suffix of the files of runtimes that do not read ONNX."""


def differences(profile: OperatorProfile, folder: Path, engine: HostEngine) -> Iterator[tuple[str, float]]:
    """Yield each model with the log of the prediction from the exported graph over that from the engine's.

    Args:
        profile: Predicts both.
        folder: The models.
        engine: Loads models on this host.
    """
    setting = Platform.from_facts(profile.platform).setting
    source = HostGraphs(setting, engine)
    for exported_path in sorted(folder.glob("*.onnx")):
        path = exported_path.with_suffix(SUFFIXES.get(setting.runtime, ".onnx"))
        if not path.exists():
            continue
        try:
            own, exported = source.graph(path), exported_graph(exported_path, setting, engine)
            assert own.profile.graph is not None and exported.profile.graph is not None
            logs = [
                profile.predict(graph_of(told.engine, told.profile.graph)).log_us
                for told in (own, exported)
                if told.profile.graph is not None
            ]
        except (EdgeprofError, PredictorError) as error:
            print(f"{path.name}: {error}", file=sys.stderr)
            continue
        yield path.stem, logs[1] - logs[0]


def main() -> int:
    """Print the differences of each profile, and those of all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("profiles", type=Path, nargs="+")
    arguments = parser.parse_args()
    everything = []
    for path in arguments.profiles:
        with HostEngine() as engine:
            found = list(differences(load_operator_profile(path), arguments.folder, engine))
        for name, difference in found:
            print(f"  {name}: {math.expm1(difference):+.0%}")
        everything += [difference for _, difference in found]
        print(f"{path.name}: {summary([difference for _, difference in found])}")
    print(f"all: {summary(everything)}")
    return 0


def summary(values: list[float]) -> str:
    """Return median, root mean square and largest size of differences."""
    if not values:
        return "no model"
    rms = math.sqrt(math.fsum(value**2 for value in values) / len(values))
    sizes = sorted(map(abs, values))
    return (
        f"{len(values)} models, median {statistics.median(values):+.2f}, median size {statistics.median(sizes):.2f}, "
        f"root mean square {rms:.2f}, largest {sizes[-1]:.2f}"
    )


if __name__ == "__main__":
    sys.exit(main())
