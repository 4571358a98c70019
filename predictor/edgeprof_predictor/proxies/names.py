"""The names of the thirteen zero-cost proxies, and how published tables spell them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from edgeprof_predictor.errors import UnknownProxyError

PROXY_NAMES: Final = (
    "epe-nas",
    "fisher",
    "flops",
    "grad-norm",
    "grasp",
    "jacov",
    "l2-norm",
    "nwot",
    "params",
    "plain",
    "snip",
    "synflow",
    "zen-score",
)
"""All proxies, by the names of the paper. Source: Multi-Predict, Table 6, and EPE-NAS, whose scores its tables hold."""

_OTHER_SPELLINGS: Final = {"zen": "zen-score", "jacob-cov": "jacov", "naswot": "nwot", "epenas": "epe-nas"}
_TABLE_SPELLINGS: Final = {"zen-score": "zen"}


def canonical_name(name: str) -> str:
    """Return the paper's name of a proxy, however a table spells it: `epe_nas`, `EPE-NAS`, `zen`.

    Raises:
        UnknownProxyError: If it is no proxy, with the names there are.
    """
    plain = name.strip().lower().replace("_", "-").replace(" ", "-")
    plain = _OTHER_SPELLINGS.get(plain, plain)
    if plain not in PROXY_NAMES:
        raise UnknownProxyError(f"there is no zero-cost proxy {name!r}; the known ones are {', '.join(PROXY_NAMES)}")
    return plain


def canonical_names(names: Iterable[str]) -> tuple[str, ...]:
    """Return the paper's names of proxies, each once.

    Raises:
        UnknownProxyError: If one is no proxy, or none is named.
    """
    found = tuple(dict.fromkeys(map(canonical_name, names)))
    if not found:
        raise UnknownProxyError(f"no zero-cost proxy is named; the known ones are {', '.join(PROXY_NAMES)}")
    return found


def table_name(name: str) -> str:
    """Return the spelling of published tables, so that ours can be joined with them: `epe_nas`, `zen`."""
    canonical = canonical_name(name)
    return _TABLE_SPELLINGS.get(canonical, canonical.replace("-", "_"))
