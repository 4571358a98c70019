"""The formats whose files are checked, one module each, by their names in the contract."""

from collections.abc import Mapping

from edgeprof_agent.models.formats.base import ModelFormat
from edgeprof_agent.models.formats.ncnn import NcnnFormat
from edgeprof_agent.models.formats.onnx import OnnxFormat
from edgeprof_agent.models.formats.openvino_ir import OpenVinoIrFormat
from edgeprof_agent.models.formats.tflite import TfliteFormat

MODEL_FORMATS: Mapping[str, ModelFormat] = {
    item.name: item for item in (OnnxFormat(), TfliteFormat(), OpenVinoIrFormat(), NcnnFormat())
}
