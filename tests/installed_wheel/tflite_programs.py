"""Programs that environments with an interpreter of TensorFlow Lite run."""

WRITE = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from device_agent.runtimes.tflite_models import write_float_network
write_float_network(Path(sys.argv[2]))
"""
"""Writes a model of 4 nodes. Arguments: the folder of the tests, the file."""

RUN = """
import json, sys
from pathlib import Path
from edgeprof_agent.runtimes.registry import load_runtime
from edgeprof_proto.records.job_spec import Setting
name, path = sys.argv[1:]
runtime = load_runtime(name)
info = runtime.describe()
told = {"version": info.version, "reason": info.unavailable_reason}
if info.version is not None:
    model = runtime.load(Path(path), Setting(runtime=name), input_seed=0)
    model.run_once()
    output = model._interpreter.get_tensor(model._outputs[0]).ravel().tolist()
    told |= {"counts": dict(model.count_nodes()), "output": output, "provider": model.setting.provider}
print()
print(json.dumps(told))
"""
"""Describes a runtime and runs a model with it. Arguments: the runtime, the file."""
