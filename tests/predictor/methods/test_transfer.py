from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from predictor.methods.tables import SPACE, table

from edgeprof_predictor.encodings import Union, Vec, latency_encoding
from edgeprof_predictor.methods.descriptor_architectures import DescriptorArchitectures
from edgeprof_predictor.methods.encoded import with_encoding
from edgeprof_predictor.methods.multi_predict.method import MultiPredict
from edgeprof_predictor.methods.multi_predict.start_rows import MultiPredictIndex, MultiPredictSample
from edgeprof_predictor.metrics import spearman
from edgeprof_predictor.networks.hyperparameters import HARDWARE_TRANSFER
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.tables.latency_table import LatencyTable

SETTINGS = replace(HARDWARE_TRANSFER, source_epochs=15, source_learning_rate=0.004)


def test_an_index_is_written_in_binary_and_never_learned() -> None:
    method = MultiPredictIndex.fit_sources(SPACE, table(), seed=0, hyperparameters=SETTINGS)
    assert method.rows[5].tolist() == [1, 0, 1, 0, 0, 0, 0, 0]
    assert method.new_row(Samples.none(SPACE), None, seed=0).tolist() == [0, 1, 1, 0, 0, 0, 0, 0]


def test_references_are_measured_first_and_describe_a_platform() -> None:
    known = table()
    method = MultiPredictSample.fit_sources(SPACE, known, seed=0, hyperparameters=SETTINGS)
    chosen = method.choose_samples(known.choices, 12, measured=Samples.none(SPACE), seed=1)
    assert {tuple(row) for row in method.descriptors.choices} <= {tuple(row) for row in known.choices[chosen]}
    samples = Samples.of(known.choices[chosen], 5.0 * known.latencies_of("platform_3")[chosen])
    assert torch.allclose(method.new_row(samples, None, seed=0), method.rows[3], atol=0.1)
    again = method.choose_samples(known.choices, 5, measured=samples, seed=1)
    assert not np.array_equal(again, chosen[:5])


def test_references_that_nobody_measured_take_the_mean_of_the_sources() -> None:
    descriptors = DescriptorArchitectures.draw(table(), seed=0)
    assert np.allclose(descriptors.describe(Samples.none(SPACE)), descriptors.source_rows.mean(axis=0))


def test_adapting_leaves_the_fitted_method_untouched() -> None:
    known = table()
    method = MultiPredict.fit_sources(SPACE, known, seed=0, hyperparameters=SETTINGS)
    before = [weight.clone() for weight in (*method.network.parameters(), method.rows)]
    method.adapt(Samples.of(known.choices[:9], known.latencies_of("platform_1")[:9]), seed=0)
    assert all(
        torch.equal(old, new) for old, new in zip(before, (*method.network.parameters(), method.rows), strict=True)
    )


def test_scores_beside_the_decisions_name_and_feed_the_method() -> None:
    known = table()
    sources = known.select(known.platforms[1:])
    encoding = Union(Vec(SPACE), latency_encoding(known, sources.platforms))
    method_class = with_encoding(MultiPredict, encoding, name="multi-predict-hwlvec")
    method = method_class.fit_sources(SPACE, sources, seed=0, hyperparameters=SETTINGS)
    target = known.latencies_of("platform_0")
    predicted = method.adapt(Samples.of(known.choices[:10], target[:10]), seed=0).predict(known.choices).latency_ms
    assert spearman(target, predicted) > 0.85


def test_a_source_never_reads_its_own_latencies() -> None:
    known = table()
    train = ("platform_0", "platform_1", "platform_4")
    sources = known.select(train).subset(range(100))
    method_class = with_encoding(MultiPredict, Union(Vec(SPACE), latency_encoding(known, train)), name="hwlvec")
    spoilt = known.latency_ms.copy()
    spoilt[known.platforms.index("platform_1")] = spoilt[0][::-1]
    changed = LatencyTable(platforms=known.platforms, choices=known.choices, latency_ms=spoilt)
    outputs = []
    for seen in (known, changed):
        method = method_class.fit_sources(SPACE, sources, seed=0, hyperparameters=SETTINGS)
        method.encoding = Union(Vec(SPACE), latency_encoding(seen, train)).fitted(sources.choices)
        outputs.append(method._predict(method.network, method.rows, known.choices[200:], shown=method._shown))
    assert np.array_equal(outputs[0][1], outputs[1][1])  # what platform_1 takes says nothing of platform_1
    assert not np.array_equal(outputs[0][0], outputs[1][0])  # and something of the others
