"""A zoo of 62 networks as engineers use them: made with random weights, converted, and measured through an agent.

In the environment of benchmarks/zoo/requirements.txt: `python -m benchmarks.zoo make FOLDER` writes ONNX files,
`tflite FOLDER` and `ncnn FOLDER` those of LiteRT and ncnn. In the environment of scripts/test: `quantize FOLDER` writes
int8, and `measure` measures a folder of files through an agent on this machine.
"""

import argparse
import functools
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.zoo.catalogue import catalogue
from benchmarks.zoo.networks import ZooNetwork

CONVERTED = ("tflite", "ncnn")


def make(arguments: argparse.Namespace) -> int:
    """Write the ONNX files."""
    from benchmarks.zoo.making import make

    return _each(make, arguments, "made")


def quantize(arguments: argparse.Namespace) -> int:
    """Write the int8 files."""
    from benchmarks.zoo.quantising import quantize

    return _each(quantize, arguments, "quantised")


def convert(arguments: argparse.Namespace) -> int:
    """Write the files of LiteRT or ncnn, in processes of their own."""
    from benchmarks.zoo.converting import convert_in_processes

    report = arguments.folder / f"{arguments.format}.json"
    names = _names_to_write(arguments, _results(report))
    convert_in_processes(names, arguments.folder, arguments.format, report)
    return _conclude(_results(report))


def convert_here(arguments: argparse.Namespace) -> int:
    """Write the files of LiteRT or ncnn in this process, which a converter may end."""
    from benchmarks.zoo.converting import convert

    return _each(functools.partial(convert, model_format=arguments.format), arguments, arguments.format)


def measure(arguments: argparse.Namespace) -> int:
    """Measure a folder of files through an agent on this machine."""
    from benchmarks.zoo.measuring import measure

    return measure(arguments)


def _each(write: Callable[[ZooNetwork, Path], dict[str, Any]], arguments: argparse.Namespace, report_name: str) -> int:
    """Write files of every network; one that fails is reported, and those that were written before are kept."""
    networks, folder = catalogue(), arguments.folder
    folder.mkdir(parents=True, exist_ok=True)
    for name, field in (("families", "group"), ("architectures", "family")):
        content = {network.name: getattr(network, field) for network in networks}
        (folder / f"{name}.json").write_text(json.dumps(content, indent=2) + "\n")
    report = folder / f"{report_name}.json"
    results = _results(report)
    names = _names_to_write(arguments, results)
    for network in networks:
        if network.name not in names:
            continue
        report.write_text(json.dumps({**results, network.name: {"error": "not written", "is_running": True}}, indent=2))
        results[network.name] = write(network, folder)
        print(f"{network.name}: {results[network.name]}", flush=True)
        report.write_text(json.dumps(results, indent=2) + "\n")
    return _conclude(results)


def _results(report: Path) -> dict[str, dict[str, Any]]:
    return json.loads(report.read_text()) if report.exists() else {}


def _names_to_write(arguments: argparse.Namespace, results: dict[str, dict[str, Any]]) -> list[str]:
    names = [network.name for network in catalogue()]
    if arguments.only:
        return [name for name in names if name in arguments.only]
    return [name for name in names if "error" in results.get(name, {"error": "not yet written"})]


def _conclude(results: dict[str, dict[str, Any]]) -> int:
    failed = [name for name, result in results.items() if "error" in result]
    print(f"{len(results) - len(failed)} networks written; failed: {', '.join(failed) or 'none'}")
    return 1 if failed else 0


def main() -> int:
    """Run a part of the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    writing = {"make": make, "quantize": quantize, **dict.fromkeys(CONVERTED, convert)}
    for name, run in {**writing, **{f"{name}-here": convert_here for name in CONVERTED}}.items():
        command = commands.add_parser(name, help=run.__doc__)
        command.add_argument("folder", type=Path)
        command.add_argument("--only", type=lambda text: text.split(","), default=[], help="names, by commas")
        command.set_defaults(run=run, format=name.removesuffix("-here"))
    command = commands.add_parser("measure", help=measure.__doc__)
    command.add_argument("--models", type=Path, required=True, metavar="FOLDER", help="one folder of the zoo")
    command.add_argument("--runtime", action="append", required=True, metavar="NAME", help="may be given again")
    command.add_argument("--operators", action="store_true", help="ask for operators and graph of each model too")
    command.add_argument("--output", type=Path, metavar="FILE", help="write all outcomes to this file")
    command.add_argument("--only", type=lambda text: text.split(","), default=[], help="names, by commas")
    command.set_defaults(run=measure)
    arguments = parser.parse_args()
    return int(arguments.run(arguments))


if __name__ == "__main__":
    sys.exit(main())
