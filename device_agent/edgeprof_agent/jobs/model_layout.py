"""Lays out the files of a worker's models beside each other, under the names by which an engine looks for them."""

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from edgeprof_agent.errors import WorkerNotStartedError
from edgeprof_agent.models.stored_model import ModelParts, StoredModel
from edgeprof_proto.record_json import to_json

SINGLE_FILE_NAME = "model"
"""Name of a model of one file in a series. It has no suffix, as the path of one that is measured alone."""


def lay_out(parts: ModelParts, series: Sequence[StoredModel], folder: Path) -> dict[str, Any]:
    """Put the files of a model into a folder under their names; of a series each model into a folder within.

    Args:
        parts: What belongs to the model.
        series: The models of a series, in the order in which they are measured; empty for a model alone.
        folder: A folder that does not exist yet.

    Returns:
        What the worker is told of them: fields of a `WorkerRequest`.

    Raises:
        WorkerNotStartedError: If they cannot be put there.
    """
    if series:
        return _lay_out_series(series, folder)
    told: dict[str, Any] = {"inputs_path": str(parts.inputs_path or "")}
    if not parts.files:
        return told
    _link(parts.files, folder)
    main, *others = parts.files
    told |= {"model_path": str(folder / main), "other_files": others, "has_folder": True}
    return {**told, "model_inputs": [to_json(item) for item in parts.inputs]}


def _lay_out_series(models: Sequence[StoredModel], folder: Path) -> dict[str, Any]:
    series = []
    for index, model in enumerate(models):
        files = model.parts.files or {SINGLE_FILE_NAME: model.path}
        _link(files, folder / str(index))
        main, *others = files
        series.append(
            {
                "model_sha256": model.model_sha256,
                "path": f"{index}/{main}",
                "other_files": others,
                "model_inputs": [to_json(item) for item in model.parts.inputs],
            }
        )
    return {"series": series, "model_path": str(folder / str(series[0]["path"]))}


def _link(files: Mapping[str, Path], folder: Path) -> None:
    try:
        folder.mkdir(parents=True)
        for name, path in files.items():
            try:
                os.link(path, folder / name)
            except OSError:
                # A file system without hard links.
                shutil.copyfile(path, folder / name)
    except OSError as error:
        raise WorkerNotStartedError(f"the files of the model could not be put beside each other: {error}") from error
