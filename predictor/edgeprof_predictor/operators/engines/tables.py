"""Tables of an engine's types of operators, written as words."""

from __future__ import annotations

from collections.abc import Mapping

from edgeprof_predictor.operators.classes import OperatorClass


def names(words: str) -> frozenset[str]:
    """Return the names in a text."""
    return frozenset(words.split())


def classes_by_name(words: Mapping[OperatorClass, str]) -> dict[str, OperatorClass]:
    """Return the class of each name, from the names of each class."""
    return {name: operator_class for operator_class, text in words.items() for name in text.split()}
