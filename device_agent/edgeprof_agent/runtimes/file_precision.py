"""Precisions that the model's file decides: another one is refused, and the one in force stands in the setting."""

import dataclasses

from edgeprof_agent.errors import SettingNotSupportedError
from edgeprof_proto.records.job_spec import Setting

QUANTISED = "int8"


def with_precision_of_file(resolved: Setting, asked: Setting, precision: str, *, remedy: str) -> Setting:
    """Return the setting with the precision in which the file computes.

    Args:
        resolved: The setting, every other field filled in.
        asked: The setting as the host asked for it.
        precision: That of the file.
        remedy: Why no other is possible and what to do, for the error.

    Raises:
        SettingNotSupportedError: If another precision was asked for.
    """
    if asked.precision not in ("", precision):
        raise SettingNotSupportedError(
            f"the model computes in {precision}, precision {asked.precision!r} was asked for: {remedy}"
        )
    return dataclasses.replace(resolved, precision=precision)


def with_quantisation(resolved: Setting, asked: Setting, *, is_quantised: bool, why_not: str) -> Setting:
    """Return the setting of an engine that decides the precision of all models but quantised ones.

    Args:
        resolved: The setting, every other field filled in.
        asked: The setting as the host asked for it.
        is_quantised: Whether the model computes in `QUANTISED`.
        why_not: What the error says where it does not and was asked to.

    Raises:
        SettingNotSupportedError: If a quantised model was to compute in another precision, or another in that one.
    """
    if is_quantised and asked.precision not in ("", QUANTISED):
        raise SettingNotSupportedError(
            f"the model is quantised and computes in {QUANTISED}, precision {asked.precision!r} was asked for: leave "
            "the precision out, or export the model without quantisation"
        )
    if not is_quantised and asked.precision == QUANTISED:
        raise SettingNotSupportedError(why_not)
    return dataclasses.replace(resolved, precision=QUANTISED if is_quantised else resolved.precision)
