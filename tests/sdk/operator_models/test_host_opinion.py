"""This host's own latencies as a second opinion, with ONNX Runtime on a real agent and on this host."""

import json
import math
import socket
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from sdk.operator_models.small_networks import write_model

import edgeprof
from edgeprof.cli.main import edgeprof as command
from edgeprof.operator_models.graphs import graph_of
from edgeprof.operator_models.host_engine import HostEngine
from edgeprof.operator_models.host_opinion import is_this_host, with_host_latencies
from edgeprof.operator_models.named_models import models_to_measure
from edgeprof.store.platform import Platform
from edgeprof.testing import SimulatedDevice
from edgeprof_predictor.operators.networks import MeasuredNetwork
from edgeprof_predictor.operators.profile import OperatorProfile
from edgeprof_predictor.operators.second_opinion import HostLatencies
from edgeprof_proto.records.device import AgentLimits, Cpu, Device, ExecutionContext
from edgeprof_proto.records.job_spec import Setting

CHANNELS = (8, 24, 96, 256)
FACTOR = 3.0
BOARD = Device(
    device_id="board",
    host_name="board",
    cpu=Cpu(architecture="aarch64", core_count=4),
    operating_system="Debian GNU/Linux 12 (bookworm)",
    kernel="Linux 6.12",
    execution_context=ExecutionContext(python_version="3.11"),
    limits=AgentLimits(
        model_bytes=1, model_cache_bytes=1, disk_reserve_bytes=1, queued_job_count=1, job_duration_s=1.0
    ),
)


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    monkeypatch.setenv("EDGEPROF_CACHE", str(tmp_path / "cache"))
    return [write_model(tmp_path / f"own{channels}.onnx", channels) for channels in CHANNELS]


@pytest.fixture
def profile(models: list[Path]) -> OperatorProfile:
    """Of a board whose latencies are made up."""
    networks = []
    with HostEngine() as engine:
        for model in models:
            told = engine.profile(model, Setting(runtime="onnxruntime"), {})
            assert told.graph is not None
            latency_us = 40.0 * CHANNELS[len(networks)] ** 0.7
            networks.append(MeasuredNetwork.of_graph(model.name, graph_of("onnxruntime", told.graph), latency_us))
    platform = Platform(device_id=BOARD.device_id, device_name="board", setting=told.setting)
    fitted = OperatorProfile.fit(networks, platform=platform.facts(), provenance={})
    return with_host_latencies(fitted, BOARD, models_to_measure(models))


def with_host(profile: OperatorProfile, *ratios: float) -> OperatorProfile:
    """The profile of a device that takes so many times as long for its models as this host is said to take."""
    assert profile.host is not None
    by_name = {network.name: network.latency_us for network in profile.model.networks}
    latencies = {name: by_name[name] / ratio for name, ratio in zip(profile.host.latencies_us, ratios, strict=True)}
    return replace(profile, host=HostLatencies(host=profile.host.host, latencies_us=latencies))


def test_onboarding_measures_its_models_on_this_host_unless_it_is_the_device(
    models: list[Path], simulated_device: SimulatedDevice, few_probes: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with edgeprof.connect(simulated_device.address) as client:
        device = client.device()
        assert is_this_host(device)
        # The host takes itself for another machine than the one that the agent describes.
        monkeypatch.setattr(socket, "gethostname", lambda: "laptop")
        onboarded = edgeprof.onboard_models(client, models)
    assert onboarded.seconds_by_step["models on this host"] > 0
    host = onboarded.profile.host
    assert host is not None and set(host.latencies_us) == {model.name for model in models}
    assert all(value > 0 for value in host.latencies_us.values()) and host.host["runtime_version"]
    unheard = replace(onboarded.profile, host=None)
    assert unheard.second_opinion() is None
    named = models_to_measure(models)
    assert with_host_latencies(unheard, device, named[:3]).host is None, "three tell nothing"
    monkeypatch.setattr(socket, "gethostname", lambda: device.host_name)
    assert with_host_latencies(unheard, device, named).host is None


def test_a_host_that_is_faster_by_a_factor_counts_and_the_output_says_so(
    profile: OperatorProfile, tmp_path: Path
) -> None:
    scaled = with_host(profile, *[FACTOR] * len(CHANNELS))
    opinion = scaled.second_opinion()
    assert opinion is not None and opinion.weight > 0 and opinion.level == pytest.approx(math.log(FACTOR))
    model = write_model(tmp_path / "new.onnx", 48)
    heard, unheard = tmp_path / "heard.edgeprof", tmp_path / "unheard.edgeprof"
    scaled.save(heard)
    replace(profile, host=None).save(unheard)

    def predicted(path: Path) -> dict[str, float]:
        result = CliRunner().invoke(command, ["predict", str(path), str(model), "--json"])
        assert result.exit_code == 0, result.output
        (row,) = json.loads(result.stdout)
        found: dict[str, float] = row
        return found

    with_opinion, without = predicted(heard), predicted(unheard)
    assert without["host_latency_ms"] is None and without["host_weight"] is None
    expected = (1 - opinion.weight) * math.log(without["latency_ms"]) + opinion.weight * math.log(
        FACTOR * with_opinion["host_latency_ms"]
    )
    assert math.log(with_opinion["latency_ms"]) == pytest.approx(expected)
    assert with_opinion["lower_ms"] < with_opinion["latency_ms"] < with_opinion["upper_ms"]
    widths = [math.log(row["upper_ms"] / row["lower_ms"]) for row in (with_opinion, without)]
    assert widths[0] <= widths[1]
    shown = CliRunner().invoke(command, ["explain", str(heard), str(model)])
    assert f"on this host; scaled to the device, weight {opinion.weight:.2f}" in " ".join(shown.stderr.split())


def test_a_host_whose_latencies_tell_nothing_is_not_asked(
    profile: OperatorProfile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    useless = with_host(profile, 1.0, 9.0, 2.0, 30.0)
    opinion = useless.second_opinion()
    assert opinion is not None and opinion.weight == 0 and opinion.error > 0.2
    model = write_model(tmp_path / "new.onnx", 48)
    before = edgeprof.predict_models(replace(profile, host=None), [model])[0]
    monkeypatch.setattr(sys, "executable", str(tmp_path / "absent"))
    after = edgeprof.predict_models(useless, [model])[0]
    assert after.host is None and after.prediction is not None and before.prediction is not None
    assert after.prediction.latency_ms == before.prediction.latency_ms
    # On another machine nothing is known of its host.
    elsewhere = with_host(profile, *[FACTOR] * len(CHANNELS))
    monkeypatch.setattr(socket, "gethostname", lambda: "another-laptop")
    assert edgeprof.predict_models(elsewhere, [model])[0].host is None
