"""Families of models, and their split into two halves."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

_SHARED_DESIGNS: Final = ("mobilenet", "resnet", "bert", "lstm", "efficientnet", "convnext", "mixer", "vit", "lcnet")
"""A model whose name holds one of these is of that family: their backbones are the same."""

_OWN_DESIGNS: Final = ("mobilevit", "tiny_vit", "skresnet", "tc_resnet", "repghostnet", "ghostnet")


def family_of(name: str) -> str:
    """Return the family of a model by its name: `mobilenet_v2_224` and `lraspp_mobilenet_v3` are of one."""
    for design in (*_OWN_DESIGNS, *_SHARED_DESIGNS):
        if design in name:
            return "ghostnet" if "ghostnet" in design else design
    return re.split(r"[_\d]", name)[0]


def halves(groups: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Return the models in two halves that share no family.

    Args:
        groups: Group of each model by its name, as "CNN classifier": its families are dealt to both halves alike.
    """
    members: dict[tuple[str, str], list[str]] = {}
    for name in sorted(groups):
        family = family_of(name)
        home = next((key for key in members if key[1] == family), (groups[name], family))
        members.setdefault(home, []).append(name)
    sides: tuple[list[str], list[str]] = ([], [])
    of_group: dict[str, list[int]] = {}
    for (group, _), names in sorted(members.items(), key=lambda entry: (entry[0][0], -len(entry[1]), entry[0][1])):
        counts = of_group.setdefault(group, [0, 0])
        side = min((0, 1), key=lambda index: (counts[index], len(sides[index])))
        counts[side] += len(names)
        sides[side].extend(names)
    return sides


def both_directions(groups: Mapping[str, str]) -> Sequence[tuple[list[str], list[str]]]:
    """Return what is measured and what is predicted, once each way."""
    first, second = halves(groups)
    return ((first, second), (second, first))
