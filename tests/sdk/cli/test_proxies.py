"""`edgeprof proxies` as a user meets it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import click
import numpy as np
import pytest
from sdk.cli import this_process

from edgeprof.cli.main import edgeprof
from edgeprof.errors import NetworkSourceError
from edgeprof_predictor.errors import ArchitectureError, PredictorError
from edgeprof_predictor.proxies import UnfinishedProxiesError
from edgeprof_predictor.proxies.cache import ProxyCache
from edgeprof_predictor.proxies.record import ProxyScore
from edgeprof_predictor.spaces import get_space

CHEAP = ("--proxies", "params,l2_norm", "--jobs", "1")
NETWORKS = """
import torch
from torch import nn

def mlp():
    return nn.Sequential(nn.Flatten(), nn.Linear(12, 20), nn.ReLU(), nn.Linear(20, 3))

class Breaks(torch.autograd.Function):
    @staticmethod
    def forward(ctx, given):
        return given.clone()

    @staticmethod
    def backward(ctx, gradient):
        raise RuntimeError("the driver is gone")

class HalfWay(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(12, 3)

    def forward(self, given):
        return Breaks.apply(self.layer(given.flatten(1)).relu())

class Two(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(12, 3)

    def forward(self, image, factor):
        return self.layer(image.flatten(1)) * factor

def poisoned():
    made = mlp()
    nn.init.constant_(made[1].weight, float("nan"))
    return made

def raises():
    raise ValueError("no such file")

def number():
    return 3

constant = 4
"""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EDGEPROF_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "proxies.sqlite"


@pytest.fixture
def networks(tmp_path: Path) -> str:
    path = tmp_path / "my_networks.py"
    path.write_text(NETWORKS)
    return str(path)


def proxies(*arguments: str) -> None:
    edgeprof.main(["proxies", *arguments], standalone_mode=False)


def test_a_network_of_the_users_is_scored_with_a_reason_for_what_is_missing(
    networks: str, capsys: pytest.CaptureFixture[str]
) -> None:
    proxies(f"{networks}:mlp", "--input-shape", "3,2,2", "--batch-size", "8", "--json")
    document = json.loads(capsys.readouterr().out)
    found = {item["proxy"]: item for item in document["proxies"]}
    assert len(found) == 13
    assert found["params"]["score"] == pytest.approx(323 / 1e6)
    assert found["zen-score"]["score"] is None and "no batch normalisation" in found["zen-score"]["reason"]
    proxies(f"{networks}:mlp", "--input-shape", "3,2,2", "--batch-size", "8", "--proxies", "params,zen")
    shown = capsys.readouterr().out
    assert "0.000323" in shown and "not available: it has no batch normalisation" in shown


def test_a_network_is_found_by_its_module_from_the_present_folder(
    networks: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(Path(networks).parent)
    monkeypatch.setattr(sys, "path", list(sys.path))
    proxies("my_networks:Two", "--input-shape", "3,2,2", "--input-shape", "1", "--proxies", "snip", "--json")
    assert json.loads(capsys.readouterr().out)["proxies"][0]["score"] > 0


def test_scores_of_a_space_are_a_table_as_published_ones_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    proxies("nasbench201", "--count", "3", "--proxies", "zen,grad-norm,params", "--batch-size", "2", "--jobs", "1",
            "--output", str(tmp_path / "scores.npz"))  # fmt: skip
    with np.load(tmp_path / "scores.npz", allow_pickle=False) as archive:
        space = get_space("nasbench201")
        assert [space.parse(text) for text in archive["arch"].tolist()] == space.sample(3, seed=0)
        assert archive["proxy"].tolist() == ["zen", "grad_norm", "params"]
        assert archive["score"].shape == (3, 3) and np.isfinite(archive["score"]).all()
    assert "zen-score" in capsys.readouterr().out


def test_architectures_of_a_table_are_taken_and_what_is_not_available_is_nan_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    space = get_space("nasbench201")
    np.savez(tmp_path / "table.npz", arch=np.array([[0] * 6, [3] * 6]), op=np.array(space.option_names))
    proxies("nasbench201", "--table", str(tmp_path / "table.npz"), "--proxies", "synflow,params", "--batch-size", "2",
            "--jobs", "1", "--output", str(tmp_path / "scores.npz"))  # fmt: skip
    with np.load(tmp_path / "scores.npz", allow_pickle=False) as archive:
        assert np.isnan(archive["score"]).tolist() == [[True, False], [False, False]]
    assert "synflow is not available for 1 of 2: no path leads" in capsys.readouterr().out


def test_nothing_is_computed_twice_and_one_more_proxy_computes_only_that_one(
    cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    proxies("fbnet", "--count", "2", *CHEAP)
    assert capsys.readouterr().err.count(": finished, ") == 2
    proxies("fbnet", "--count", "3", *CHEAP)
    told = capsys.readouterr().err
    assert "2 of 3 parts are finished" in told and told.count(": finished, ") == 1
    first = get_space("fbnet").format(get_space("fbnet").sample(1, seed=0)[0])
    kept = ProxyCache(cache, seed=0, batch="standard normal 32x3x32x32")
    kept.add(f"fbnet 100 {first}", [ProxyScore(proxy="params", score=7.0)])  # a mark that nobody computes
    proxies("fbnet", first, "--proxies", "params,l2-norm,synflow", "--jobs", "1", "--json")
    document = json.loads(capsys.readouterr().out)
    assert [item["proxy"] for item in document[0]["proxies"]] == ["params", "l2-norm", "synflow"]
    assert document[0]["proxies"][0]["score"] == 7.0
    proxies("fbnet", first, *CHEAP, "--seed", "1")
    assert capsys.readouterr().err.count(": finished, ") == 1


def test_a_run_that_was_killed_goes_on(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    killed = subprocess.Popen(
        [sys.executable, "-m", "edgeprof", "proxies", "nasbench201", "--count", "300", *CHEAP],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        assert killed.stderr is not None
        assert "finished, 1 of 300" in next(iter(killed.stderr))
    finally:
        os.killpg(killed.pid, signal.SIGKILL)
        killed.communicate()
    kept = len(ProxyCache(cache, seed=0, batch="standard normal 32x3x32x32").known())
    assert 1 <= kept < 300
    proxies("nasbench201", "--count", str(kept + 1), *CHEAP)
    assert capsys.readouterr().err.count(": finished, ") == 1


def test_a_backward_pass_that_fails_shows_what_was_computed_and_ends_with_one_sentence(networks: str) -> None:
    done = this_process.edgeprof("proxies", f"{networks}:HalfWay", "--input-shape", "3,2,2", "--proxies", "params,snip")
    assert done.returncode == 1
    assert "3.9e-05" in done.stdout
    assert done.stderr == "error: the backward pass of the network failed: RuntimeError: the driver is gone\n"


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("Two", UnfinishedProxiesError, "cannot run on a batch of .*factor"),
        ("poisoned", PredictorError, r"1\.weight of the network holds weights that are not finite"),
        ("raises", NetworkSourceError, "failed: ValueError: no such file"),
        ("number", NetworkSourceError, "returned no torch module, but int"),
        ("constant", NetworkSourceError, "is no callable"),
        ("missing", NetworkSourceError, "has no missing"),
    ],
)
def test_a_network_that_is_none_is_one_sentence(networks: str, name: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        proxies(f"{networks}:{name}", "--input-shape", "3,2,2", "--proxies", "params,snip")


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("nowhere.py:make",), NetworkSourceError, r"there is no plain file nowhere\.py"),
        (("no_such_package.module:make",), NetworkSourceError, "cannot import no_such_package"),
        (("spaceship", "--count", "1"), PredictorError, "there is no search space 'spaceship'"),
        (("nasbench201", "--count", "1", "--proxies", "magic"), PredictorError, "there is no zero-cost proxy 'magic'"),
        (("nasbench201", "cell"), ArchitectureError, "'cell' is no nasbench201 architecture"),
        (("nasbench201", "--table", "nowhere.npz"), PredictorError, r"there is no file nowhere\.npz"),
        (("nasbench201",), click.UsageError, "name architectures"),
        (("nasbench201", "cell", "--count", "1"), click.UsageError, "name architectures"),
        (("file.py:make", "--count", "1"), click.UsageError, "go with a SPACE"),
        (("nasbench201", "--count", "1", "--input-shape", "3x2"), click.UsageError, "is no shape"),
    ],
)
def test_a_mistake_is_one_sentence(arguments: tuple[str, ...], error: type[Exception], message: str) -> None:
    with pytest.raises(error) as caught:
        proxies(*arguments)
    told = caught.value.format_message() if isinstance(caught.value, click.ClickException) else str(caught.value)
    assert re.search(message, told)
    assert "\n" not in told


def test_a_cache_that_is_something_else_is_refused_and_kept(cache: Path) -> None:
    cache.parent.mkdir(parents=True)
    cache.write_text("my notes, which are no database and longer than a header of one" * 20)
    with pytest.raises(PredictorError, match=r"the cache of scores .* cannot be used .*move it away"):
        proxies("nasbench201", "--count", "1", *CHEAP)
    assert cache.read_text().startswith("my notes")
