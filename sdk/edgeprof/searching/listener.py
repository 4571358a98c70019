"""Callbacks of a search: its own steps, those of the device, and the proxies of candidates."""

from edgeprof.measuring.listener import SessionListener
from edgeprof_predictor.search.procedure import SearchListener


class DeviceSearchListener(SearchListener, SessionListener):
    """Is called at every step. All methods do nothing; override those of interest."""

    def on_scoring(self, count: int, known_count: int) -> None:
        """Zero-cost proxies of `count` candidates are needed, of which `known_count` were computed before."""

    def on_scored(self, architecture: str) -> None:
        """The proxies of a candidate are computed and cached."""
