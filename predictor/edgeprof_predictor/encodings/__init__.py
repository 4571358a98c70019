"""Encodings of architectures: decisions, zero-cost proxies, latencies elsewhere, and their unions."""

from edgeprof_predictor.encodings.base import Encoding, Union, Vec
from edgeprof_predictor.encodings.lookup import (
    LookupEncoding,
    latency_encoding,
    load_proxy_encoding,
    proxy_encoding,
)

__all__ = ["Encoding", "LookupEncoding", "Union", "Vec", "latency_encoding", "load_proxy_encoding", "proxy_encoding"]
