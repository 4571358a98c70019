"""Encodings of architectures: decisions, zero-cost proxies, latencies elsewhere, and their unions."""

from edgeprof_predictor.encodings.base import Encoding, Union, Vec
from edgeprof_predictor.encodings.lookup import (
    LookupEncoding,
    latency_encoding,
    load_proxy_encoding,
    proxy_encoding,
)
from edgeprof_predictor.encodings.references import (
    LatencyEncoding,
    ProfileReferences,
    ReferenceLatencies,
    TableReferences,
)

__all__ = [
    "Encoding",
    "LatencyEncoding",
    "LookupEncoding",
    "ProfileReferences",
    "ReferenceLatencies",
    "TableReferences",
    "Union",
    "Vec",
    "latency_encoding",
    "load_proxy_encoding",
    "proxy_encoding",
]
