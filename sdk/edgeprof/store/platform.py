"""A platform: a device with a setting. What a hardware embedding, a measurement and a profile belong to.

Given shapes and values of inputs are a part of the setting.
"""

import dataclasses
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edgeprof.arguments import DEFAULT_RUNTIME
from edgeprof.errors import EdgeprofError
from edgeprof.store.given_inputs import NOTHING_GIVEN, GivenInputs
from edgeprof_proto.record_json import from_json, to_json
from edgeprof_proto.records.job_spec import ALL_CORES, CORES_OPTION, Setting
from edgeprof_proto.shared.model_formats import ONNX

if TYPE_CHECKING:
    from edgeprof_proto.records.device import Device, RuntimeInfo

_SIMULATED = "simulated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """A device with a setting; the same board under another setting is another platform.

    Args:
        device_id: Id of the device.
        device_name: Board or host name, for reports.
        setting: The setting, with the version of the runtime filled in.
        inputs: Shapes and values that models are given in it.
    """

    device_id: str
    device_name: str
    setting: Setting
    inputs: GivenInputs = NOTHING_GIVEN

    @property
    def key(self) -> str:
        """Digest of device and setting: equal for equal platforms, on every host."""
        identity = {"device_id": self.device_id, "setting": to_json(self.setting), **self._inputs_json()}
        return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()

    @property
    def name(self) -> str:
        """Readable name, for example `raspberry-pi-4_onnxruntime-1.32.0_cpu_float32_threads-1_batch-1`."""
        setting = self.setting
        provider = setting.provider.removesuffix("ExecutionProvider")
        parts = [
            self.device_name,
            f"{setting.runtime}-{setting.runtime_version}",
            provider,
            setting.precision,
            f"threads-{setting.thread_count}",
            f"batch-{setting.batch_size}",
            *(f"{name}-{value}" for name, value in sorted(setting.options.items())),
            *self.inputs.name_parts,
        ]
        return "_".join(name_part(part) for part in parts if part)

    def that_ran(self, setting: Setting) -> "Platform":
        """The platform of a result: the same device with the setting that ran, as the result reports it.

        Args:
            setting: The setting of a measurement, whose every field is filled in.
        """
        return dataclasses.replace(self, setting=_without_all_cores(setting))

    def facts(self) -> dict[str, str]:
        """The platform as names and texts, for a profile; `Platform.from_facts` reads them."""
        return {
            "name": self.name,
            "device_id": self.device_id,
            "device_name": self.device_name,
            "setting": json.dumps(to_json(self.setting), sort_keys=True),
            **{name: json.dumps(value, sort_keys=True) for name, value in self._inputs_json().items()},
        }

    @classmethod
    def from_facts(cls, facts: Mapping[str, str]) -> "Platform":
        """Make the platform that a profile names.

        Raises:
            EdgeprofError: If the profile names none.
        """
        try:
            return cls(
                device_id=facts["device_id"],
                device_name=facts["device_name"],
                setting=from_json(Setting, json.loads(facts["setting"])),
                inputs=from_json(GivenInputs, json.loads(facts.get("inputs", "{}"))),
            )
        except (KeyError, ValueError) as error:
            raise EdgeprofError(f"the profile does not say which platform it belongs to: {error}") from error

    def _inputs_json(self) -> dict[str, Any]:
        # Absent where nothing is given, so that platforms of before there were given inputs keep their keys.
        return {"inputs": to_json(self.inputs)} if self.inputs else {}


def name_part(text: str) -> str:
    """Return a text as it stands in a platform's name: small letters, digits, dots and hyphens.

    Args:
        text: A part of what the platform is, such as the device's name.
    """
    return re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-")


def marked_platform(name: str, mark: str) -> str:
    """Return a platform's name with what tells its device from others of the same name.

    Args:
        name: The name.
        mark: What tells the device apart; empty where no other has its name.
    """
    device, separator, rest = name.partition("_")
    return f"{device}-{name_part(mark)}{separator}{rest}" if mark else name


def default_setting(device: "Device", model_format: str = "") -> Setting:
    """The setting where none is named: a runtime of the device with its default provider, one thread, batch 1.

    The runtime is `DEFAULT_RUNTIME` where the device has it, or else the first that it has; the simulated one only
    where there is no other. Runtimes that do not read the model come last.

    Args:
        device: The device as its agent describes it.
        model_format: Format of the model that is to run; empty where it is not known.
    """

    def rank(runtime: "RuntimeInfo") -> tuple[bool, bool, bool]:
        # An agent that does not tell its formats has ONNX Runtime alone.
        reads = not model_format or model_format in (runtime.model_formats or (ONNX,))
        return not reads, runtime.name != DEFAULT_RUNTIME, runtime.name == _SIMULATED

    available = [runtime for runtime in device.runtimes if runtime.unavailable_reason is None]
    return Setting(runtime=min(available, key=rank).name if available else DEFAULT_RUNTIME)


def resolve_platform(device: "Device", setting: Setting, inputs: GivenInputs = NOTHING_GIVEN) -> Platform:
    """The platform of a setting on a device: what the setting leaves open is filled in as the agent does.

    Args:
        device: The device as its agent describes it.
        setting: The setting asked for. A runtime that the device does not have stays as it is; the agent refuses it.
        inputs: Shapes and values that models are given in it.
    """
    for runtime in device.runtimes:
        if runtime.name == setting.runtime:
            provider = setting.provider or (runtime.providers[-1] if runtime.providers else "")
            defaults = {option.name: option.values[0] for option in runtime.options_of(provider)}
            setting = Setting(
                runtime=setting.runtime,
                runtime_version=setting.runtime_version or runtime.version or "",
                provider=provider,
                precision=setting.precision or (runtime.precisions[0] if runtime.precisions else ""),
                thread_count=setting.thread_count,
                batch_size=setting.batch_size,
                options={**defaults, **setting.options},
            )
    return device_with(device, _without_all_cores(setting), inputs)


def device_with(device: "Device", setting: Setting, inputs: GivenInputs = NOTHING_GIVEN) -> Platform:
    """The platform of a device with a setting as it is."""
    name = device.board or device.host_name
    return Platform(device_id=device.device_id, device_name=name, setting=setting, inputs=inputs)


def _without_all_cores(setting: Setting) -> Setting:
    """The same setting: naming all cores means the same as naming none, so both are one platform."""
    options = {name: value for name, value in setting.options.items() if (name, value) != (CORES_OPTION, ALL_CORES)}
    return dataclasses.replace(setting, options=options)
