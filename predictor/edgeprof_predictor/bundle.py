"""Pre-trained predictors: the default method fitted on published platforms, one per search space.

A shipped bundle is two files: `NAME.safetensors` with what was learnt and `NAME.json` with what it was learnt from. One
that a user fits is one file with both. Neither holds a measured latency.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from edgeprof_predictor._output_files import write_output
from edgeprof_predictor._plain_files import MAX_FILE_BYTES, read_plain_file
from edgeprof_predictor._storage import digest_of, pack, read_tensors, unpack
from edgeprof_predictor.errors import BundleError
from edgeprof_predictor.spaces import CategoricalSpace, get_space

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from edgeprof_predictor.methods.default.method import DefaultMethod

SCHEMA_VERSION: Final = 3
"""Version of both files. 1: the first. 2: hyper-parameter samples. 3: costs of graphs as written are exact, and the
calibration knows how far correlations are off."""

READABLE_VERSIONS: Final = (2, SCHEMA_VERSION)
READABLE: Final = " and ".join(map(str, READABLE_VERSIONS))

FILE_KIND: Final = "bundle"
"""What a bundle in one file says that it is."""

SHIPPED_FOLDER: Final = Path(__file__).parent / "bundles"


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleCard:
    """What a bundle was learnt from, and how well it predicts.

    Args:
        space: Name of the search space.
        platforms: Names of the source platforms.
        provenance: Where their latencies come from.
        licence: Licence of those tables.
        architecture_count: Architectures measured on each source.
        seed: Of the training.
        hyperparameters: Of the network, by name.
        metrics: Measured after training, by name.
        schema_version: Of both files.
        tensors_sha256: Of the file beside this description; filled in when saved.
    """

    space: str
    platforms: tuple[str, ...]
    provenance: str
    licence: str
    architecture_count: int
    seed: int
    hyperparameters: Mapping[str, float]
    metrics: Mapping[str, float] = field(default_factory=dict)
    schema_version: int = SCHEMA_VERSION
    tensors_sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bundle:
    """A fitted default method and its description.

    Args:
        card: The description.
        method: The method.
    """

    card: BundleCard
    method: DefaultMethod

    @property
    def space(self) -> CategoricalSpace:
        """The search space that it predicts."""
        return self.method.space

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the bundle as one file, whole or not at all; `read_bundle` reads it.

        Raises:
            OSError: If it cannot be written.
        """
        tensors = self.method.tensors()
        document = {"kind": FILE_KIND, **asdict(self.card)}
        write_output(path, pack(tensors, document | {"sha256": digest_of(tensors, document)}))

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write both files into a folder and return the path of the description.

        Raises:
            OSError: If the folder cannot be written.
        """
        tensors = pack(self.method.tensors(), {"space": self.card.space})
        document = asdict(self.card) | {"tensors_sha256": hashlib.sha256(tensors).hexdigest()}
        path = Path(folder) / f"{self.card.space}.json"
        write_output(path.with_suffix(".safetensors"), tensors)
        write_output(path, (json.dumps(document, indent=2, sort_keys=True) + "\n").encode())
        return path


def load_bundle(space_name: str, *, folder: str | os.PathLike[str] | None = None) -> Bundle:
    """Load the bundle of a search space, the shipped one unless a folder is named.

    Args:
        space_name: Name of the search space.
        folder: Where `NAME.json` and `NAME.safetensors` are.

    Raises:
        UnknownSearchSpaceError: If there is no such search space.
        BundleError: If there is no bundle for it, or it is damaged or of another version.
    """
    get_space(space_name)
    path = (SHIPPED_FOLDER if folder is None else Path(folder)) / f"{space_name}.json"
    if folder is None and not path.exists():
        raise BundleError(
            f"there is no bundle for {space_name}; shipped ones are for: {', '.join(shipped_bundles()) or 'none'}; "
            f"fit one to latencies of {space_name} on a few platforms "
            f"(DefaultMethod.fit_sources) and pass it as bundle="
        )
    card = _read_card(path)
    if card.space != space_name:
        raise BundleError(f"{path} describes a bundle for {card.space}, not for {space_name}")
    tensors_path = path.with_suffix(".safetensors")
    return _bundle_of(card, read_tensors(tensors_path, card.tensors_sha256), tensors_path)


def read_bundle(path: str | os.PathLike[str]) -> Bundle:
    """Read a bundle that was written as one file.

    Args:
        path: The file.

    Raises:
        UnknownSearchSpaceError: If its search space is not installed here.
        BundleError: If it is missing, damaged, of another version, or no bundle.
    """
    try:
        tensors, document = unpack(Path(path))
        if document.pop("kind", None) != FILE_KIND:
            raise BundleError(f"{path} is no bundle; `edgeprof fit` writes them")
        sha256 = document.pop("sha256")
        if digest_of(tensors, {"kind": FILE_KIND, **document}) != sha256:
            raise BundleError(f"{path} is damaged: its content is not what was written; fit it anew")
        return _bundle_of(_card_of(document, path), tensors, path)
    except FileNotFoundError:
        raise BundleError(f"there is no bundle {path}; `edgeprof fit` writes one") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BundleError(f"{path} is no bundle or is damaged ({error}); fit it anew") from error


def shipped_bundles() -> tuple[str, ...]:
    """Return the names of the search spaces that a bundle ships for."""
    return tuple(sorted(path.stem for path in SHIPPED_FOLDER.glob("*.json")))


def _bundle_of(card: BundleCard, tensors: dict[str, NDArray[np.generic]], path: str | os.PathLike[str]) -> Bundle:
    from edgeprof_predictor.methods.default.method import DefaultMethod  # torch, which listing bundles never needs

    try:
        method = DefaultMethod.from_tensors(get_space(card.space), card.platforms, tensors)
    except (KeyError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())  # torch writes several lines
        raise BundleError(f"{path} lacks a part of the predictor ({reason})") from error
    return Bundle(card=card, method=method)


def _card_of(document: dict[str, Any], path: str | os.PathLike[str]) -> BundleCard:
    version = document["schema_version"]
    if version not in READABLE_VERSIONS:
        raise BundleError(
            f"{path} is of version {version}, this release reads {READABLE}; "
            f"install the release that wrote it or train the bundle anew"
        )
    return BundleCard(**document | {"platforms": tuple(document["platforms"])})


def _read_card(path: Path) -> BundleCard:
    try:
        return _card_of(json.loads(read_plain_file(path, max_bytes=MAX_FILE_BYTES)), path)
    except FileNotFoundError:
        names = ", ".join(shipped_bundles()) or "none"
        raise BundleError(f"there is no bundle {path}; shipped ones are for: {names}") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BundleError(f"{path} is damaged ({error}); install edgeprof again") from error
