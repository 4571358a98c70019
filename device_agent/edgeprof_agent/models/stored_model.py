"""A model as it is kept: one file, or a manifest with the files that it names."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

from edgeprof_proto.records.model_manifest import MAX_MANIFEST_BYTES, ManifestInput, ModelManifest, is_manifest
from edgeprof_proto.records.validation import RecordError
from edgeprof_proto.shared.file_kind import HEAD_BYTES
from edgeprof_proto.shared.model_formats import recognise_format


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ModelParts:
    """What belongs to a job beside the one file that most models are.

    Args:
        files: The files of a model of several, by name, the main one first; empty for a model of one file.
        inputs: Inputs that its manifest tells of.
        inputs_path: The archive with the values of inputs; None to generate every input.
    """

    files: Mapping[str, Path] = dataclasses.field(default_factory=dict)
    inputs: tuple[ManifestInput, ...] = ()
    inputs_path: Path | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class StoredModel:
    """A model of a series as it is kept.

    Args:
        model_sha256: SHA-256 of the model.
        path: Its file; its manifest where `parts` has files.
        parts: What else belongs to it.
    """

    model_sha256: str
    path: Path
    parts: ModelParts


def read_manifest(path: Path) -> ModelManifest | None:
    """Read an uploaded file as a manifest.

    Args:
        path: The file.

    Returns:
        The manifest; None for a file that is a model itself.

    Raises:
        RecordError: If it begins as a manifest does, and is none.
        OSError: If it cannot be read.
    """
    with open(path, "rb") as file:
        head = file.read(HEAD_BYTES)
        if not is_manifest(head):
            return None
        return ModelManifest.from_bytes(head + file.read(MAX_MANIFEST_BYTES))


def format_of_stored(path: Path, manifest: ModelManifest | None) -> str | None:
    """Tell which format an uploaded model has.

    Args:
        path: The file.
        manifest: What `read_manifest` has made of it.

    Returns:
        The name of the format; None where its beginning is that of none.
    """
    if manifest is not None:
        return manifest.format
    with open(path, "rb") as file:
        return recognise_format(file.read(HEAD_BYTES))


def hashes_with_parts(models_dir: Path, model_hashes: set[str]) -> set[str]:
    """Return the SHA-256 of models, and of every file that a manifest among them names.

    Args:
        models_dir: Where the files are, by SHA-256.
        model_hashes: The models.
    """
    found = set(model_hashes)
    for name in model_hashes:
        try:
            manifest = read_manifest(models_dir / name)
        except (OSError, RecordError):
            continue
        if manifest is not None:
            found.update(file.sha256 for file in manifest.files)
    return found
