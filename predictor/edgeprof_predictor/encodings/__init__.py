"""Encodings of architectures: decisions, zero-cost proxies, latencies elsewhere, and their unions."""

from edgeprof_predictor.encodings.base import ENCODING_PARTS, Encoding, Union, Vec, make_encoding
from edgeprof_predictor.encodings.lookup import (
    LookupEncoding,
    latency_encoding,
    load_proxy_encoding,
    proxy_encoding,
)
from edgeprof_predictor.encodings.normalisation import Normalisation, RankNormal, Standardised
from edgeprof_predictor.encodings.reference_latencies import LatencyEncoding, ReferenceLatencies, TableReferences

__all__ = [
    "ENCODING_PARTS",
    "Encoding",
    "LatencyEncoding",
    "LookupEncoding",
    "Normalisation",
    "RankNormal",
    "ReferenceLatencies",
    "Standardised",
    "TableReferences",
    "Union",
    "Vec",
    "latency_encoding",
    "load_proxy_encoding",
    "make_encoding",
    "proxy_encoding",
]
