"""The pre-trained accuracy predictor: the default fitted on published tasks, without a row of their tables.

A bundle is two files: `NAME.safetensors` with what was learnt and `NAME.json` with what it was learnt from. What was
learnt are weights of proxies, and weights on networks that were drawn by chance.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from edgeprof_predictor._output_files import write_output
from edgeprof_predictor._plain_files import MAX_FILE_BYTES, read_plain_file
from edgeprof_predictor._storage import pack, read_tensors
from edgeprof_predictor.accuracy.default import DefaultAccuracy
from edgeprof_predictor.errors import BundleError

SCHEMA_VERSION: Final = 3
"""Version of both files."""

SHIPPED_FOLDER: Final = Path(__file__).parents[1] / "bundles" / "accuracy"
SHIPPED_NAME: Final = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccuracyCard:
    """What an accuracy bundle was learnt from.

    Args:
        tasks: Names of the source tasks.
        proxies: Names of the zero-cost proxies that it reads.
        provenance: Where accuracies and proxies come from.
        licence: Licence of those tables.
        architecture_count: Architectures of each source.
        seed: Of the training.
        metrics: Measured after training, by name.
        schema_version: Of both files.
        tensors_sha256: Of the file beside this description; filled in when saved.
    """

    tasks: tuple[str, ...]
    proxies: tuple[str, ...]
    provenance: str
    licence: str
    architecture_count: int
    seed: int
    metrics: Mapping[str, float] = field(default_factory=dict)
    schema_version: int = SCHEMA_VERSION
    tensors_sha256: str = ""


def save_bundle(method: DefaultAccuracy, card: AccuracyCard, folder: str | os.PathLike[str]) -> Path:
    """Write both files into a folder and return the path of the description.

    Args:
        method: Condensed, see `DefaultAccuracy.condensed`.
        card: Its description.
        folder: To write to.

    Raises:
        OSError: If the folder cannot be written.
    """
    tensors = pack(method.tensors(), {"kind": "accuracy"})
    document = asdict(card) | {"tensors_sha256": hashlib.sha256(tensors).hexdigest()}
    path = Path(folder) / f"{SHIPPED_NAME}.json"
    write_output(path.with_suffix(".safetensors"), tensors)
    write_output(path, (json.dumps(document, indent=2, sort_keys=True) + "\n").encode())
    return path


def load_shipped(folder: str | os.PathLike[str] | None = None) -> DefaultAccuracy:
    """Load the pre-trained accuracy predictor.

    Args:
        folder: Where its two files are; the host's package when None.

    Raises:
        BundleError: If it is missing, damaged or of another version.
    """
    path = (SHIPPED_FOLDER if folder is None else Path(folder)) / f"{SHIPPED_NAME}.json"
    card = read_card(path)
    tensors = read_tensors(path.with_suffix(".safetensors"), card.tensors_sha256)
    try:
        return DefaultAccuracy.from_tensors(card.proxies, tensors)
    except (KeyError, ValueError, RuntimeError) as error:
        raise BundleError(f"{path.with_suffix('.safetensors')} lacks a part of the predictor ({error})") from error


def read_card(path: Path) -> AccuracyCard:
    """Read the description of a bundle.

    Raises:
        BundleError: If it is missing, damaged or of another version.
    """
    try:
        document: dict[str, Any] = json.loads(read_plain_file(path, max_bytes=MAX_FILE_BYTES))
        if document["schema_version"] != SCHEMA_VERSION:
            raise BundleError(
                f"{path} is of version {document['schema_version']}, this release reads {SCHEMA_VERSION}; "
                f"install the release that wrote it or train the bundle anew"
            )
        lists = {name: tuple(document[name]) for name in ("tasks", "proxies")}
        return AccuracyCard(**document | lists)
    except FileNotFoundError:
        raise BundleError(f"there is no accuracy bundle {path}; install edgeprof again") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BundleError(f"{path} is damaged ({error}); install edgeprof again") from error
