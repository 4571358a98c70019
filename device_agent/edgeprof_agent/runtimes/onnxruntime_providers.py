"""Options of ONNX Runtime's execution providers, by the names that it gives them.

A build has a few of these providers; a board lists those that its build has, with their options. What changes the
precision is no option: it follows from the precision of the model's file, so that a result never names another.

Source: the pages of the execution providers in the documentation of ONNX Runtime.
"""

from collections.abc import Callable, Mapping
from typing import Any

from edgeprof_proto.records.job_spec import Setting

Options = Mapping[str, tuple[str, ...]]

PROVIDER_OPTIONS: Mapping[str, Options] = {
    "ACLExecutionProvider": {"enable_fast_math": ("false", "true")},
    "CoreMLExecutionProvider": {
        "ModelFormat": ("NeuralNetwork", "MLProgram"),
        "MLComputeUnits": ("ALL", "CPUAndNeuralEngine", "CPUAndGPU", "CPUOnly"),
    },
    "CUDAExecutionProvider": {
        "cudnn_conv_algo_search": ("EXHAUSTIVE", "HEURISTIC", "DEFAULT"),
        "use_tf32": ("1", "0"),
        "prefer_nhwc": ("0", "1"),
    },
    "DmlExecutionProvider": {
        "performance_preference": ("default", "high_performance", "minimum_power"),
        "disable_metacommands": ("false", "true"),
    },
    "OpenVINOExecutionProvider": {"device_type": ("CPU", "GPU", "NPU")},
    "QNNExecutionProvider": {
        "backend_type": ("htp", "gpu", "cpu"),
        "htp_performance_mode": (
            *("default", "burst", "balanced", "high_performance", "sustained_high_performance"),
            *("high_power_saver", "low_balanced", "low_power_saver", "power_saver", "extreme_power_saver"),
        ),
    },
    "TensorrtExecutionProvider": {
        "trt_builder_optimization_level": ("3", "0", "1", "2", "4", "5"),
        "trt_cuda_graph_enable": ("False", "True"),
    },
}
"""Values of each option by provider, the provider's own default first. Others have none: XNNPACK, NNAPI, DNNL."""


def _of_openvino(setting: Setting) -> dict[str, str]:
    # Keeps the precision of the file; its default is the device's.
    return {"precision": "ACCURACY", "num_of_threads": str(setting.thread_count)}


def _of_qnn(setting: Setting) -> dict[str, str]:
    # By default HTP computes float32 models in float16.
    return {"enable_htp_fp16_precision": "1" if setting.precision == "float16" else "0"}


def _of_tensorrt(setting: Setting) -> dict[str, str]:
    flags = {"trt_fp16_enable": "float16", "trt_bf16_enable": "bfloat16", "trt_int8_enable": "int8"}
    return {name: "True" for name, precision in flags.items() if precision == setting.precision}


def _of_xnnpack(setting: Setting) -> dict[str, str]:
    return {"intra_op_num_threads": str(setting.thread_count)}


_SET_BY_US: Mapping[str, Callable[[Setting], dict[str, str]]] = {
    "OpenVINOExecutionProvider": _of_openvino,
    "QNNExecutionProvider": _of_qnn,
    "TensorrtExecutionProvider": _of_tensorrt,
    "XnnpackExecutionProvider": _of_xnnpack,
}


def options_of_provider(setting: Setting) -> dict[str, str]:
    """Return the options that a session gives the provider of a setting.

    Args:
        setting: The setting in force.
    """
    described = PROVIDER_OPTIONS.get(setting.provider, {})
    set_by_us = _SET_BY_US.get(setting.provider)
    fixed = {} if set_by_us is None else set_by_us(setting)
    return {**fixed, **{name: setting.options[name] for name in described}}


def adjust_session(options: Any, setting: Setting) -> None:
    """Change the options of a session as the provider's documentation asks for.

    Args:
        options: The session's options.
        setting: The setting in force.
    """
    if setting.provider == "XnnpackExecutionProvider":
        # It has threads of its own: those of the session would compete with them.
        options.intra_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    elif setting.provider == "DmlExecutionProvider":
        options.enable_mem_pattern = False
