"""`edgeprof explain --what-if`: the changes that are named, and the tables of what they would save."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from edgeprof.cli.console import plain_table, print_table
from edgeprof.cli.model_inputs import Shape, as_mapping
from edgeprof.cli.plain_output import milliseconds
from edgeprof.cli.predict_models import document as predicted_document
from edgeprof.cli.predict_models import latency_texts
from edgeprof_predictor.profile_file import PROFILE_SUFFIX

if TYPE_CHECKING:
    from edgeprof.operator_models.what_if import WhatIf


def changes_of(variants: Sequence[str]) -> dict[str, Any]:
    """Return changes as arguments of `edgeprof.what_if`: shapes, models, profiles.

    Args:
        variants: A shape as `ids=1x64`, a profile's file (`.edgeprof`), or else a model.

    Raises:
        click.UsageError: If a shape is none.
    """
    shapes = [one for one in variants if "=" in one and "/" not in one]
    profiles = [one for one in variants if one not in shapes and one.endswith(PROFILE_SUFFIX)]
    models = [one for one in variants if one not in shapes and one not in profiles]
    converted = [as_mapping([Shape().convert(one, None, click.get_current_context())]) for one in shapes]
    return {"shapes": converted, "models": models, "profiles": profiles}


def print_what_if(found: "WhatIf") -> None:
    """Print variants beside the model as it is, then what changes of its operators would save."""
    table = plain_table("what if")
    for heading in ("latency", "90 % interval", "saved"):
        table.add_column(heading, justify="right", no_wrap=True)
    for heading in ("verdict", "change"):
        table.add_column(heading, overflow="fold")
    assert found.original.prediction is not None
    table.add_row(*_cells(found, found.original.prediction, None), "as it is")
    for variant in found.variants:
        if variant.predicted.prediction is None:
            table.add_row("", "", "", variant.predicted.failure, variant.change)
        else:
            table.add_row(*_cells(found, variant.predicted.prediction, variant.saved_ms), variant.change)
    print_table(table)
    table = plain_table("what the costliest operators would save, all of a kind changed")
    for heading in ("removed", "half the channels"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("times", justify="right", no_wrap=True)
    for heading in ("operator", "first of them"):
        table.add_column(heading, overflow="fold")
    for saving in found.savings:
        record = saving.operator.record
        halved = "" if saving.halved_ms is None else f"at least {milliseconds(saving.halved_ms)}"
        table.add_row(
            milliseconds(saving.removed_ms), halved, str(record.count), record.tag, next(iter(record.names), "")
        )
    print_table(table)


def document(found: "WhatIf") -> dict[str, Any]:
    """The changes for machines."""
    return {
        "variants": [
            {"change": one.change, "saved_ms": one.saved_ms, **predicted_document(one.predicted)}
            for one in found.variants
        ],
        "operators": [
            {
                "operator": one.operator.record.tag,
                "names": list(one.operator.record.names),
                "removed_ms": one.removed_ms,
                "halved_ms": one.halved_ms,
            }
            for one in found.savings
        ],
    }


def _cells(found: "WhatIf", prediction: Any, saved_ms: float | None) -> tuple[str, str, str, str]:
    latency, interval, verdict = latency_texts(prediction)
    original = found.original.prediction
    if saved_ms is None or original is None or original.latency_ms is None:
        return latency, interval, "", verdict
    return latency, interval, f"{saved_ms / original.latency_ms:+.0%}", verdict
