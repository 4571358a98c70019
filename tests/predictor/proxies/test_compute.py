"""What `compute_proxies` returns for any module."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch
from predictor.proxies.networks import Classifier, FailsHalfWay, TwoInputs, Words
from torch import Tensor, nn

from edgeprof_predictor.errors import PredictorError, ProxyError, UnknownProxyError
from edgeprof_predictor.proxies import (
    PROXY_NAMES,
    Batch,
    UnfinishedProxiesError,
    canonical_name,
    compute_proxies,
    random_batch,
    table_name,
)


@pytest.fixture(scope="module")
def classifier() -> nn.Module:
    torch.manual_seed(0)
    return Classifier()


@pytest.fixture(scope="module")
def images() -> Batch:
    return random_batch([(3, 10, 10)], size=12, seed=0)


def state(module: nn.Module) -> dict[str, object]:
    """All of a module that somebody could have changed."""
    return {
        "tensors": {name: tensor.clone() for name, tensor in module.state_dict().items()},
        "requires_grad": [parameter.requires_grad for parameter in module.parameters()],
        "gradients": [parameter.grad is None for parameter in module.parameters()],
        "training": [part.training for part in module.modules()],
        "hooks": [(len(part._forward_hooks), len(part._forward_pre_hooks)) for part in module.modules()],
        "inplace": [getattr(part, "inplace", None) for part in module.modules()],
        "generator": torch.get_rng_state(),
    }


def assert_same(before: dict[str, object], after: dict[str, object]) -> None:
    for name, value in before.items():
        if name == "tensors":
            assert isinstance(value, dict) and isinstance(after[name], dict)
            assert all(torch.equal(tensor, after[name][key]) for key, tensor in value.items())
        elif isinstance(value, Tensor):
            assert torch.equal(value, after[name])
        else:
            assert value == after[name], name


def test_all_thirteen_are_there_for_a_classifier(classifier: nn.Module, images: Batch) -> None:
    record = compute_proxies(classifier, images)
    assert tuple(record.scores) == PROXY_NAMES
    assert all(score.score is not None for score in record.scores.values()), record
    assert record.seconds > 0


def test_together_they_say_the_same_as_each_alone(classifier: nn.Module, images: Batch) -> None:
    together = compute_proxies(classifier, images, seed=3)
    for name in PROXY_NAMES:
        alone = compute_proxies(classifier, images, (name,), seed=3)
        assert alone[name] == pytest.approx(together[name], rel=1e-3, abs=1e-5), name


def test_a_seed_gives_the_same_scores_again_and_another_seed_others(classifier: nn.Module, images: Batch) -> None:
    first, again, other = (compute_proxies(classifier, images, seed=seed) for seed in (0, 0, 1))
    assert first.scores == again.scores
    assert first["zen-score"] != other["zen-score"]
    assert first["grad-norm"] != other["grad-norm"]
    assert first["params"] == other["params"]


def test_dropout_is_seeded_too(images: Batch) -> None:
    module = nn.Sequential(nn.Flatten(), nn.Linear(300, 20), nn.Dropout(0.5), nn.Linear(20, 3))
    first, again = (compute_proxies(module, images, ("snip",)) for _ in range(2))
    assert first["snip"] == again["snip"]


def test_the_module_stays_as_it_is() -> None:
    module = Classifier().eval()
    module[0].weight.requires_grad_(False)
    before = state(module)
    compute_proxies(module, random_batch([(3, 8, 8)], size=4, seed=0))
    assert_same(before, state(module))


def test_the_module_stays_as_it_is_when_a_backward_pass_fails_half_way() -> None:
    module = FailsHalfWay().eval()
    before = state(module)
    with pytest.raises(UnfinishedProxiesError, match=r"backward pass .* failed: RuntimeError: the driver is gone"):
        compute_proxies(module, torch.randn(5, 6, generator=torch.Generator().manual_seed(0)))
    assert_same(before, state(module))


def test_what_was_computed_before_a_failure_is_handed_over_and_survives_another_process() -> None:
    with pytest.raises(UnfinishedProxiesError) as caught:
        compute_proxies(FailsHalfWay(), torch.randn(5, 6), ("snip", "params", "nwot"))
    handed_over = pickle.loads(pickle.dumps(caught.value))
    assert set(handed_over.record.scores) == {"params", "nwot"}
    assert handed_over.record["params"] == pytest.approx(63 / 1e6)
    assert str(handed_over) == str(caught.value)


def test_a_caller_without_gradients_gets_them_here(classifier: nn.Module, images: Batch) -> None:
    with torch.inference_mode():
        record = compute_proxies(classifier, images, ("grad-norm", "jacov", "grasp", "synflow"))
    assert all(score.score is not None for score in record.scores.values()), record


def test_several_inputs_come_by_position_by_name_or_with_targets() -> None:
    torch.manual_seed(0)
    module = TwoInputs()
    image, vector, targets = torch.randn(6, 3, 8, 8), torch.randn(6, 5), torch.arange(6) % 4
    drawn = compute_proxies(module, (image, vector))
    by_name = compute_proxies(module, {"image": image, "vector": vector})
    assert drawn.scores == by_name.scores
    given = compute_proxies(module, ((image, vector), targets))
    assert given.scores == compute_proxies(module, Batch(inputs=(image, vector), targets=targets)).scores
    assert given.scores == compute_proxies(module, (image, vector, targets)).scores
    assert given["snip"] != drawn["snip"]
    assert all(score.score is not None for score in given.scores.values()), given


def test_a_second_input_that_is_missing_is_one_sentence() -> None:
    with pytest.raises(UnfinishedProxiesError, match=r"cannot run on a batch of \(4, 3, 8, 8\): TypeError.*vector"):
        compute_proxies(TwoInputs(), torch.randn(4, 3, 8, 8))


def test_weights_that_are_not_finite_are_refused_by_their_name() -> None:
    module = Classifier()
    with torch.no_grad():
        module[3].weight[0, 0, 0, 0] = float("nan")
    with pytest.raises(ProxyError, match=r"3\.weight of the network holds weights that are not finite"):
        compute_proxies(module, torch.randn(4, 3, 8, 8))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (torch.full((4, 3, 8, 8), float("inf")), "not finite"),
        (torch.zeros(0, 3, 8, 8), "at least 1"),
        ((torch.zeros(4, 3, 8, 8), torch.zeros(3)), "same number of items"),
        ("images", "got str"),
        ((torch.zeros(4, 3, 8, 8), "cat"), "tensor"),
        ((), "one or several tensors"),
    ],
)
def test_a_batch_that_is_none_is_refused(given: object, message: str) -> None:
    with pytest.raises(ProxyError, match=message):
        compute_proxies(Classifier(), given)  # type: ignore[arg-type]


def test_a_module_that_is_none_and_one_without_a_size_are_refused() -> None:
    with pytest.raises(PredictorError, match="need a torch module"):
        compute_proxies("network", torch.zeros(2, 3))  # type: ignore[arg-type]
    with pytest.raises(ProxyError, match="has no size yet"):
        compute_proxies(nn.LazyLinear(3), torch.zeros(2, 3))


def test_dense_outputs_have_all_but_what_needs_classes() -> None:
    torch.manual_seed(0)
    image = nn.Sequential(
        nn.Conv2d(3, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(), nn.ConvTranspose2d(6, 3, 3, padding=1)
    )
    images = torch.randn(6, 3, 8, 8)
    classes = torch.randint(3, (6, 8, 8))
    for targets in (None, torch.randn(6, 3, 8, 8), classes):
        record = compute_proxies(image, Batch(inputs=(images,), targets=targets))
        missing = {name: score.reason for name, score in record.scores.items() if score.score is None}
        assert set(missing) == {"epe-nas"}
        assert "dense output" in missing["epe-nas"]


def test_what_is_not_defined_is_not_available_with_the_reason() -> None:
    linear = compute_proxies(nn.Sequential(nn.Flatten(), nn.Linear(12, 3)), torch.randn(8, 3, 2, 2))
    assert "no ReLU" in linear.scores["nwot"].reason
    assert "no batch normalisation" in linear.scores["zen-score"].reason
    assert str(linear.scores["nwot"]).startswith("not available: it has no ReLU")
    one_class = Batch(inputs=(torch.randn(6, 3, 8, 8),), targets=torch.zeros(6, dtype=torch.int64))
    assert "of one class" in compute_proxies(Classifier(), one_class, ("epe-nas",)).scores["epe-nas"].reason
    weightless = compute_proxies(nn.Sequential(nn.Flatten(), nn.ReLU()), torch.randn(6, 3, 2, 2))
    assert {name for name, score in weightless.scores.items() if score.score is None} >= {
        "params", "l2-norm", "snip", "plain", "grad-norm", "grasp", "fisher", "synflow", "zen-score",
    }  # fmt: skip
    cut = nn.Sequential(nn.Flatten(), nn.Linear(12, 4, bias=False), nn.Linear(4, 3))
    nn.init.zeros_(cut[1].weight)
    assert "no path" in compute_proxies(cut, torch.randn(4, 3, 2, 2), ("synflow",)).scores["synflow"].reason


def test_a_score_that_is_not_finite_is_not_available() -> None:
    module = nn.Sequential(nn.Flatten(), nn.Linear(12, 3, bias=False))
    nn.init.constant_(module[1].weight, 3e38)
    scores = compute_proxies(module, torch.ones(4, 3, 2, 2), ("l2-norm", "snip", "params")).scores
    assert scores["params"].score is not None
    assert scores["snip"].score is None and "finite" in scores["snip"].reason


def test_words_have_no_derivative_and_all_the_rest() -> None:
    torch.manual_seed(0)
    record = compute_proxies(Words(), torch.randint(20, (8, 5)))
    missing = {name for name, score in record.scores.items() if score.score is None}
    assert missing == {"jacov", "epe-nas", "zen-score"}
    assert "floating-point" in record.scores["jacov"].reason


def test_a_loss_of_the_users_is_taken_and_one_that_is_none_is_refused(classifier: nn.Module, images: Batch) -> None:
    doubled = compute_proxies(
        classifier, images, ("snip",), loss=lambda output, targets: 2 * nn.functional.cross_entropy(output, targets)
    )
    assert doubled["snip"] == pytest.approx(2 * (compute_proxies(classifier, images, ("snip",))["snip"] or 0))
    with pytest.raises(ProxyError, match="the loss must be one number"):
        compute_proxies(classifier, images, ("snip",), loss=lambda output, _: output)


def test_names_are_matched_however_a_table_spells_them(classifier: nn.Module, images: Batch) -> None:
    assert [canonical_name(name) for name in ("epe_nas", "Grad-Norm", "zen", "l2_norm")] == [
        "epe-nas", "grad-norm", "zen-score", "l2-norm",
    ]  # fmt: skip
    assert [table_name(name) for name in ("zen-score", "epe-nas")] == ["zen", "epe_nas"]
    record = compute_proxies(classifier, images, ("l2_norm", "l2-norm", "params"))
    assert tuple(record.scores) == ("l2-norm", "params")
    with pytest.raises(UnknownProxyError, match=r"'magic'.*epe-nas, fisher"):
        compute_proxies(classifier, images, ("magic",))


def test_a_copy_scores_like_the_original(classifier: nn.Module, images: Batch) -> None:
    assert compute_proxies(copy.deepcopy(classifier), images).scores == compute_proxies(classifier, images).scores
