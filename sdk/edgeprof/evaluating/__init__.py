"""Evaluation on tables that others published: importing them, comparing predictors, computing zero-cost proxies."""

from edgeprof.evaluating.accuracy import evaluate_accuracy
from edgeprof.evaluating.latency import Evaluation, evaluate
from edgeprof.evaluating.proxies import score_network, score_space
from edgeprof.evaluating.tables import import_table

__all__ = ["Evaluation", "evaluate", "evaluate_accuracy", "import_table", "score_network", "score_space"]
