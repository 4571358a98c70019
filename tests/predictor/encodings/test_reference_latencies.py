from __future__ import annotations

import numpy as np
import pytest

from edgeprof_predictor.bundle import load_bundle
from edgeprof_predictor.encodings import LatencyEncoding, TableReferences
from edgeprof_predictor.errors import EncodingError, ReferencesError
from edgeprof_predictor.methods.default.predictor import DefaultPredictor
from edgeprof_predictor.profile import Profile
from edgeprof_predictor.profile_references import ProfileReferences
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import get_space
from edgeprof_predictor.tables.latency_table import LatencyTable


@pytest.fixture(scope="module")
def profiles() -> dict[str, Profile]:
    """Two platforms onboarded on NAS-Bench-201 without any device: one likes FLOPs, one layers."""
    space = get_space("nasbench201")
    choices = space.sample_choices(4, seed=0)
    costs = space.costs(choices)
    assert costs is not None
    method = load_bundle("nasbench201").method
    found = {}
    for name, latency_ms in {"cpu": 1.0 + costs.total("macs") / 1e7, "gpu": 1.0 + costs.depth / 10.0}.items():
        predictor = method.adapt(Samples.of(choices, latency_ms), seed=0)
        assert isinstance(predictor, DefaultPredictor)
        found[name] = Profile(predictor=predictor, platform={}, provenance={})
    return found


def test_onboarded_references_encode_any_architecture_of_their_space(profiles: dict[str, Profile]) -> None:
    choices = get_space("nasbench201").sample_choices(200, seed=3)
    encoding = LatencyEncoding(ProfileReferences(profiles), choices[:150])
    values = encoding.encode(choices)
    assert encoding.columns == ("cpu", "gpu")
    assert np.allclose(values[:150].std(axis=0), 1.0)
    predicted = profiles["gpu"].predictor.predict(choices).latency_ms
    assert np.array_equal(np.argsort(values[:, 1]), np.argsort(predicted))


def test_no_reference_at_all_is_refused() -> None:
    with pytest.raises(ReferencesError, match="need at least one reference platform"):
        ProfileReferences({})


def test_references_that_are_not_those_needed_are_named() -> None:
    choices = get_space("nasbench201").sample_choices(3, seed=0)
    table = LatencyTable(platforms=("a", "b"), choices=choices, latency_ms=np.arange(1.0, 7.0).reshape(2, 3))
    references = TableReferences("nasbench201", table.subset([0, 1]))
    with pytest.raises(ReferencesError, match="missing: c; unknown to it: b"):
        references.check(("a", "c"))
    with pytest.raises(EncodingError, match="was not measured on the reference platforms"):
        references.latency_ms(choices)
