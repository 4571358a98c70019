"""The public call `evaluate_models`: predictors of any model's latency compared on measured models."""

import dataclasses
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from edgeprof.errors import InvalidArgumentError
from edgeprof.evaluating.measured_settings import measured_settings
from edgeprof.output_files import check_output, write_file
from edgeprof_predictor.operators.evaluation.contenders import ModelScore, score_models
from edgeprof_predictor.operators.evaluation.protocol import SAMPLE_COUNTS


def evaluate_models(
    source: str | os.PathLike[str],
    *,
    settings: Sequence[str] = (),
    sample_counts: Sequence[int] = SAMPLE_COUNTS,
    methods: Sequence[str] = (),
    is_own: bool = False,
    more: str | os.PathLike[str] | None = None,
    output: str | os.PathLike[str] | None = None,
    on_scored: Callable[[str], None] = lambda setting: None,
) -> list[ModelScore]:
    """Compare predictors on models of families that they have not seen.

    Families are split in two halves; some models of one are measured, all of the other predicted, and the reverse.

    Args:
        source: A profile's file, whose measured models are taken, or a folder of such files, one for each setting.
        settings: Settings to predict; none for all.
        sample_counts: Models that are measured.
        methods: Methods to compare; none for all.
        is_own: Whether the operator model's hyper-parameters are fitted on the settings of the other engines in the
            source, rather than those of the release.
        more: A folder or profile with further probes of the same settings, which only the forests learn from; None for
            none.
        output: File of the scores (JSON); None for none.
        on_scored: Called with each setting that is done.

    Raises:
        OperatorModelError: If a folder holds no profile, a setting or method is not known, or models are too few.
        ProfileError: If a profile is damaged, or predicts search spaces alone.
        OutputFileError: If the scores cannot be written.
    """
    if any(count < 0 for count in sample_counts):
        raise InvalidArgumentError("the number of measured models must be 0 or more")
    check_output(output, inputs=[source] if os.path.isfile(source) else [])
    further = {} if more is None else {name: found.probes for name, found in measured_settings(Path(more)).items()}
    scores = score_models(
        measured_settings(Path(source)),
        targets=settings,
        sample_counts=sample_counts,
        methods=methods,
        is_own=is_own,
        more=further,
        on_scored=on_scored,
    )
    if output is not None:
        write_file(output, json.dumps([dataclasses.asdict(score) for score in scores], indent=1).encode() + b"\n")
    return scores
