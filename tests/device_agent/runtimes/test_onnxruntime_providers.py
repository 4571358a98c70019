from pathlib import Path
from typing import Any

import onnxruntime
import pytest

from edgeprof_agent.errors import SettingNotSupportedError
from edgeprof_agent.runtimes.base import resolve_setting
from edgeprof_agent.runtimes.onnxruntime import CPU_PROVIDER, OnnxRuntime
from edgeprof_agent.runtimes.onnxruntime_providers import PROVIDER_OPTIONS, adjust_session, options_of_provider
from edgeprof_proto.records.device import RuntimeInfo
from edgeprof_proto.records.job_spec import Setting

QNN = "QNNExecutionProvider"
XNNPACK = "XnnpackExecutionProvider"


@pytest.fixture
def info(monkeypatch: pytest.MonkeyPatch) -> RuntimeInfo:
    """The description by a build with two more providers."""
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [QNN, XNNPACK, CPU_PROVIDER])
    found = OnnxRuntime().describe()
    assert found is not None
    return found


def _resolved(info: RuntimeInfo, **fields: Any) -> Setting:
    return resolve_setting(Setting(runtime="onnxruntime", **fields), info)


def test_options_are_described_only_for_providers_of_the_build(info: RuntimeInfo) -> None:
    assert info.providers == (QNN, XNNPACK, CPU_PROVIDER)
    assert {option.name for option in info.options} == {"graph_optimization", *PROVIDER_OPTIONS[QNN]}


def test_a_setting_has_the_options_of_its_provider_and_no_others(info: RuntimeInfo) -> None:
    assert set(_resolved(info).options) == {"graph_optimization"}
    setting = _resolved(info, provider=QNN, options={"htp_performance_mode": "burst"})
    assert setting.options == {"graph_optimization": "all", "backend_type": "htp", "htp_performance_mode": "burst"}
    with pytest.raises(SettingNotSupportedError, match="'backend_type' belongs to QNNExecutionProvider"):
        _resolved(info, options={"backend_type": "htp"})
    with pytest.raises(SettingNotSupportedError, match="choose from: htp, gpu, cpu"):
        _resolved(info, provider=QNN, options={"backend_type": "npu"})


def test_a_session_gets_the_options_of_its_provider_and_the_precision_of_the_file(info: RuntimeInfo) -> None:
    options = options_of_provider(_resolved(info, provider=QNN))
    assert options == {"enable_htp_fp16_precision": "0", "backend_type": "htp", "htp_performance_mode": "default"}
    half = options_of_provider(_resolved(info, provider=QNN, precision="float16"))
    assert half["enable_htp_fp16_precision"] == "1"
    assert options_of_provider(_resolved(info, provider=CPU_PROVIDER)) == {}


def test_xnnpack_gets_the_threads_of_the_setting_and_the_session_one(info: RuntimeInfo) -> None:
    setting = _resolved(info, provider=XNNPACK, thread_count=3)
    assert options_of_provider(setting) == {"intra_op_num_threads": "3"}
    session = onnxruntime.SessionOptions()
    session.intra_op_num_threads = 3
    adjust_session(session, setting)
    assert session.intra_op_num_threads == 1
    assert session.get_session_config_entry("session.intra_op.allow_spinning") == "0"


@pytest.mark.parametrize("provider", sorted({*PROVIDER_OPTIONS, XNNPACK, "NnapiExecutionProvider"}))
def test_every_provider_has_a_default_for_each_option(provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [provider, CPU_PROVIDER])
    info = OnnxRuntime().describe()
    assert info is not None
    for precision in info.precisions:
        options = options_of_provider(_resolved(info, provider=provider, precision=precision))
        assert all(isinstance(value, str) for value in options.values())


@pytest.mark.filterwarnings("ignore:Specified provider")
def test_a_provider_that_the_build_names_and_cannot_start_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, write_convolutions: Any
) -> None:
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [QNN, CPU_PROVIDER])
    path = write_convolutions(tmp_path / "model.onnx")
    with pytest.raises(SettingNotSupportedError):
        OnnxRuntime().load(path, Setting(runtime="onnxruntime", provider=QNN), input_seed=0)
