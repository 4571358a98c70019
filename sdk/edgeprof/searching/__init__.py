"""Search a space for the most accurate network that keeps a latency limit on a device."""

from edgeprof.searching.accuracy import AccuracyTable
from edgeprof.searching.api import search
from edgeprof.searching.listener import DeviceSearchListener
from edgeprof_predictor.search.procedure import Budget
from edgeprof_predictor.search.result import Found, SearchResult

__all__ = ["AccuracyTable", "Budget", "DeviceSearchListener", "Found", "SearchResult", "search"]
