"""Do repeated measurements of a network agree within their own intervals?

    python benchmarks/repeats.py [--networks 20] [--repeats 10] [--effort standard] [--output FILE]

All networks are measured once, then all once more, and so on: repeats are minutes apart, each in its own worker. A
repeat agrees when its interval holds the median of all medians of its network. Target: 9 of 10. Ten minutes with the
default counts.
"""

import argparse
import json
import statistics
import tempfile
import uuid
from pathlib import Path

import edgeprof
from edgeprof.devices.local_agent import local_agent
from edgeprof.exporters.onnx import export_architecture
from edgeprof.measuring.effort import EFFORTS
from edgeprof_predictor.spaces import get_space
from edgeprof_proto.records.job_spec import Setting
from edgeprof_proto.records.measurement import Measurement, VerdictKind


def agreeing_count(measurements: list[Measurement]) -> int:
    """Count the repeats whose interval holds the median of all medians.

    Args:
        measurements: All repeats of one network.
    """
    centre_ms = statistics.median(item.median_ms for item in measurements)
    intervals = [item.median_interval for item in measurements]
    return sum(item is not None and item.lower_ms <= centre_ms <= item.upper_ms for item in intervals)


def main() -> None:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--effort", choices=list(EFFORTS), default="standard")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, metavar="FILE", help="write all that was measured to this file")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        space = get_space("nasbench201")
        architectures = space.sample(arguments.networks, seed=arguments.seed)
        models = [export_architecture(space, item, folder) for item in architectures]
        repeats: list[list[Measurement]] = [[] for _ in models]
        with local_agent(folder / "agent") as address, edgeprof.connect(address) as client:
            client.device()
            for _ in range(arguments.repeats):
                for model, measurements in zip(models, repeats, strict=True):
                    job_id = uuid.uuid4().hex
                    plan = EFFORTS[arguments.effort]
                    measurements.append(client.measure(model, Setting(runtime="onnxruntime"), job_id=job_id, plan=plan))
    rows = []
    for measurements in repeats:
        medians_ms = [item.median_ms for item in measurements]
        half_widths = [item.median_interval.half_width for item in measurements if item.median_interval is not None]
        row = {
            "median_ms": statistics.median(medians_ms),
            "relative_sd": statistics.stdev(medians_ms) / statistics.median(medians_ms),
            "half_width": statistics.median(half_widths),
            "agreeing": agreeing_count(measurements),
            "stable": sum(item.verdict.kind is VerdictKind.STABLE for item in measurements),
        }
        rows.append(row)
        print(
            f"{row['median_ms']:8.4g} ms   medians scatter {row['relative_sd']:6.1%}   intervals ± "
            f"{row['half_width']:6.1%}   {row['agreeing']} of {arguments.repeats} agree, {row['stable']} stable"
        )
    total = arguments.networks * arguments.repeats
    agreeing = sum(row["agreeing"] for row in rows)
    wanted = sum(row["agreeing"] >= 0.9 * arguments.repeats for row in rows)
    stable = sum(row["stable"] for row in rows)
    print(
        f"{agreeing / total:.1%} of all repeats agree (asked for: 90%); 9 of 10 or more for {wanted} of "
        f"{arguments.networks} networks; {stable / total:.1%} stable"
    )
    if arguments.output:
        arguments.output.write_text(json.dumps(rows, indent=2))


if __name__ == "__main__":
    main()
