"""Read the folders in which HELP publishes latencies: Python lists that `torch.save` pickled.

    FOLDER/arch.pt            list: choices of each architecture                        (FBNet)
    FOLDER/str_arch2idx.pt    dictionary: text of an architecture to its place in lists  (NAS-Bench-201)
    FOLDER/latency/NAME.pt    list: latency of each architecture on the platform NAME

Source:
    The folders `data/fbnet` and `data/nasbench201` of HELP, Lee et al. 2021.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from edgeprof_predictor._plain_files import MAX_TABLE_BYTES, require_plain_file
from edgeprof_predictor.tables.importers.errors import PublishedTableError
from edgeprof_predictor.tables.importers.rows import LatencyUnit, PublishedRow

CHOICES_FILE: Final = "arch.pt"
TEXTS_FILE: Final = "str_arch2idx.pt"
LATENCY_FOLDER: Final = "latency"


def read_help_folder(
    source: Path, unit: LatencyUnit, platforms: tuple[str, ...] | None = None
) -> Iterator[PublishedRow]:
    """Read the folder of one search space. No code that a file names is run.

    Args:
        source: The folder.
        unit: Unit of the latencies, which the folders do not name.
        platforms: Names of the platforms to take; None for all.

    Raises:
        PublishedTableError: If a file is missing, refused or not such a list, or their lengths differ.
        OSError: If a file cannot be read.
    """
    architectures = _architectures(source)
    columns = {
        path.stem: _latencies(path, len(architectures))
        for path in sorted((source / LATENCY_FOLDER).glob("*.pt"))
        if platforms is None or path.stem in platforms
    }
    if not columns:
        raise PublishedTableError(f"there is no {LATENCY_FOLDER}/NAME.pt, the latencies of a platform")
    for index, architecture in enumerate(architectures):
        yield PublishedRow(
            origin=f"architecture {index}",
            architecture=architecture,
            latencies={name: column[index] for name, column in columns.items()},
        )


def _architectures(folder: Path) -> list[str]:
    if (folder / CHOICES_FILE).is_file():
        return _choice_texts(_load(folder / CHOICES_FILE))
    if (folder / TEXTS_FILE).is_file():
        return _ordered_texts(_load(folder / TEXTS_FILE))
    raise PublishedTableError(f"there is neither {CHOICES_FILE} nor {TEXTS_FILE}, one of which lists the architectures")


def _choice_texts(rows: Any) -> list[str]:
    if not (isinstance(rows, list) and all(isinstance(row, list) for row in rows)):
        raise PublishedTableError(f"{CHOICES_FILE} must be a list with a list of choices for each architecture")
    return [",".join(map(str, row)) for row in rows]


def _ordered_texts(index_of: Any) -> list[str]:
    if not (
        isinstance(index_of, dict)
        and all(isinstance(text, str) and type(index) is int for text, index in index_of.items())
        and sorted(index_of.values()) == list(range(len(index_of)))
    ):
        raise PublishedTableError(f"{TEXTS_FILE} must number the texts of all architectures from 0, each number once")
    return sorted(index_of, key=index_of.__getitem__)


def _latencies(path: Path, architecture_count: int) -> list[float]:
    values = _load(path)
    if not (isinstance(values, list) and all(type(value) in (int, float) for value in values)):
        raise PublishedTableError(f"{LATENCY_FOLDER}/{path.name} must be a list of numbers")
    if len(values) != architecture_count:
        raise PublishedTableError(
            f"{LATENCY_FOLDER}/{path.name} has {len(values)} latencies for {architecture_count} architectures"
        )
    return values


def _load(path: Path) -> Any:
    import torch  # a second of import that no other format needs

    require_plain_file(path, max_bytes=MAX_TABLE_BYTES)
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except OSError:
        raise
    # A damaged pickle ends in whatever its last instruction trips over.
    except Exception as error:
        raise PublishedTableError(
            f"{path.name} is refused: it is damaged, or holds more than lists, dictionaries, numbers, texts and tensors"
        ) from error
    return content.tolist() if isinstance(content, torch.Tensor) else content
