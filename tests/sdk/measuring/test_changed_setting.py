"""What stays of a setting where a part of it is changed."""

from dataclasses import replace

import pytest

from edgeprof.errors import InvalidArgumentError
from edgeprof.measuring.changed_setting import changed_setting
from edgeprof_proto.records.device import AgentLimits, Cpu, Device, ExecutionContext, RuntimeInfo, RuntimeOption
from edgeprof_proto.records.job_spec import Setting
from edgeprof_proto.shared.setting_offer import offered_runtime

DEVICE = Device(
    device_id="d1",
    host_name="board",
    cpu=Cpu(architecture="aarch64", core_count=4),
    operating_system="Debian",
    kernel="6.1",
    execution_context=ExecutionContext(python_version="3.11"),
    runtimes=(
        RuntimeInfo(
            name="onnxruntime",
            version="1.2",
            providers=("XNN", "ACL", "CPU"),
            precisions=("float32",),
            options=(
                RuntimeOption(name="graph", values=("all", "basic")),
                RuntimeOption(name="pool", values=("1", "2"), providers=("XNN",)),
                RuntimeOption(name="fast_math", values=("off", "on"), providers=("XNN", "ACL")),
                RuntimeOption(name="arena", values=("small", "large"), providers=("XNN",)),
                RuntimeOption(name="arena", values=("shared",), providers=("ACL",)),
            ),
        ),
        RuntimeInfo(name="openvino", version="2", providers=("CPU",), precisions=("float32", "bfloat16")),
    ),
    limits=AgentLimits(
        model_bytes=1, model_cache_bytes=1, disk_reserve_bytes=1, queued_job_count=1, job_duration_s=1.0, thread_count=4
    ),
)
NOTHING = replace(DEVICE, runtimes=(RuntimeInfo(name="simulated", unavailable_reason="no simulation"),))

A = Setting(
    runtime="onnxruntime",
    runtime_version="1.2",
    provider="XNN",
    precision="float32",
    thread_count=2,
    batch_size=3,
    options={"graph": "basic", "pool": "2", "fast_math": "on", "arena": "large", "cores": "big", "unheard_of": "yes"},
)


def test_another_runtime_keeps_threads_batch_and_cores_alone() -> None:
    assert changed_setting(DEVICE, A, {"runtime": "openvino"}) == Setting(
        runtime="openvino", thread_count=2, batch_size=3, options={"cores": "big"}
    )
    named = changed_setting(DEVICE, A, {"precision": "bfloat16", "runtime": "openvino", "threads": "1", "hint": "x"})
    assert named == Setting(
        runtime="openvino",
        precision="bfloat16",
        thread_count=1,
        batch_size=3,
        options={"cores": "big", "hint": "x"},
    )


def test_another_provider_keeps_the_options_that_it_has_too() -> None:
    changed = changed_setting(DEVICE, A, {"provider": "ACL"})
    assert changed.options == {"graph": "basic", "fast_math": "on", "cores": "big", "unheard_of": "yes"}
    assert (changed.runtime_version, changed.precision, changed.thread_count) == ("1.2", "float32", 2)
    assert changed_setting(DEVICE, A, {"provider": "CPU", "graph": "all"}).options == {
        "graph": "all",
        "cores": "big",
        "unheard_of": "yes",
    }


def test_what_is_not_changed_stays() -> None:
    assert changed_setting(DEVICE, A, {"runtime": "onnxruntime"}) == A
    assert changed_setting(DEVICE, A, {"batch": "1"}).options == A.options
    with pytest.raises(InvalidArgumentError, match="threads wants a number, got 'two'"):
        changed_setting(DEVICE, A, {"threads": "two"})


def test_a_device_that_offers_nothing_says_why() -> None:
    with pytest.raises(ValueError, match="it offers: none; simulated is not available: no simulation"):
        offered_runtime(NOTHING, "onnxruntime")
