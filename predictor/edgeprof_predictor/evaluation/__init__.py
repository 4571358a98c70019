"""Score methods on a table of latencies: full range, unseen platforms, nothing but the samples.

The rules: a method sees the train platforms on a random subset of architectures, and of a test
platform only its samples. It is scored on every architecture of the table that was no sample. No
statistic of a test platform's whole table is used anywhere, and nothing is trimmed. Where a
protocol asks for something else, each score records it.

`protocol` defines what is evaluated, `score` evaluates one method with one seed, `methods` knows the
methods by name, `summary` makes means of scores. `runs` runs the units in parallel and keeps what is finished.
"""

from edgeprof_predictor.evaluation.fitted import BUNDLE, fitted
from edgeprof_predictor.evaluation.methods import EVALUATED_NAMES, reads, resolve_methods, score_encoding
from edgeprof_predictor.evaluation.protocol import Protocol
from edgeprof_predictor.evaluation.score import Score, evaluate, evaluation_inputs, evaluation_units, score_method
from edgeprof_predictor.evaluation.summary import (
    CALIBRATION_FACTOR,
    ErrorCalibration,
    Group,
    check_calibration,
    summarise,
)

__all__ = [
    "BUNDLE",
    "CALIBRATION_FACTOR",
    "EVALUATED_NAMES",
    "ErrorCalibration",
    "Group",
    "Protocol",
    "Score",
    "check_calibration",
    "evaluate",
    "evaluation_inputs",
    "evaluation_units",
    "fitted",
    "reads",
    "resolve_methods",
    "score_encoding",
    "score_method",
    "summarise",
]
