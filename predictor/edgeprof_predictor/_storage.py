"""Named arrays and a JSON document in one safetensors file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from edgeprof_predictor._plain_files import MAX_FILE_BYTES, read_plain_file, require_plain_file
from edgeprof_predictor.errors import BundleError

DOCUMENT_KEY: Final = "document"


def pack(tensors: Mapping[str, NDArray[np.generic]], document: Mapping[str, Any]) -> bytes:
    """Return arrays and a document as the bytes of a safetensors file."""
    arrays = {name: np.asarray(array, order="C") for name, array in tensors.items()}
    packed: bytes = save(arrays, metadata={DOCUMENT_KEY: json.dumps(document, sort_keys=True)})
    return packed


def unpack(path: Path) -> tuple[dict[str, NDArray[np.generic]], dict[str, Any]]:
    """Return arrays and document of a file.

    Raises:
        ValueError: If the file is damaged or holds no document.
        OSError: If it cannot be read.
    """
    require_plain_file(path, max_bytes=MAX_FILE_BYTES)
    try:
        with safe_open(path, framework="np") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise ValueError(str(error)) from error
    if DOCUMENT_KEY not in metadata:
        raise ValueError("it holds no description")
    document: dict[str, Any] = json.loads(metadata[DOCUMENT_KEY])
    return tensors, document


def digest_of(tensors: Mapping[str, NDArray[np.generic]], document: Mapping[str, Any]) -> str:
    """Return the SHA-256 over arrays and a document, by which a damaged file is told."""
    digest = hashlib.sha256(json.dumps(document, sort_keys=True).encode())
    for name in sorted(tensors):
        array = np.ascontiguousarray(tensors[name])
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(array.data)
    return digest.hexdigest()


def read_tensors(path: Path, sha256: str) -> dict[str, NDArray[np.generic]]:
    """Return the arrays of a bundle's file.

    Args:
        path: The safetensors file.
        sha256: Its checksum, from the card beside it.

    Raises:
        BundleError: If the file is missing or damaged.
    """
    try:
        if hashlib.sha256(read_plain_file(path, max_bytes=MAX_FILE_BYTES)).hexdigest() != sha256:
            raise BundleError(f"{path} is damaged: its checksum is not the one beside it; install edgeprof again")
        return unpack(path)[0]
    except FileNotFoundError:
        raise BundleError(f"{path} is missing; install edgeprof again") from None
    except (OSError, ValueError) as error:
        raise BundleError(f"{path} is damaged ({error}); install edgeprof again") from error
