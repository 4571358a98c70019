"""One of two that are compared: a model's file, or an architecture that is exported for its runtime."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from edgeprof.errors import InvalidArgumentError
from edgeprof.exporters.choice import choose_exporter
from edgeprof.exporters.converter import Converter
from edgeprof.folders import usable_model_folder
from edgeprof.measuring.changed_setting import changed_setting
from edgeprof.measuring.setting_check import require_offered
from edgeprof.prediction import SpaceProfile, profile_of_texts
from edgeprof.store.platform import Platform, default_setting
from edgeprof_predictor.spaces import get_space
from edgeprof_proto.records.device import Device
from edgeprof_proto.records.job_spec import Setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One of the two that are compared.

    Args:
        name: Name in reports.
        model: The model's file, or a torch module as `path/to/file.py:callable`.
        setting: How to run it; None for the default of the device.
        model_name: Name of the model in the store; empty for that of its file.
    """

    name: str
    model: str | os.PathLike[str]
    setting: Setting | None = None
    model_name: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "model", Path(self.model))
        object.__setattr__(self, "model_name", self.model_name or Path(self.model).name)

    @classmethod
    def from_profile(
        cls,
        profile: SpaceProfile,
        architecture: str,
        *,
        device: Device | None = None,
        changes: Mapping[str, str] = MappingProxyType({}),
        model_folder: str | os.PathLike[str] | None = None,
    ) -> "Candidate":
        """Make a candidate of an architecture, exported and run in the setting of a profile's platform.

        Args:
            profile: The profile, or the file that holds it.
            architecture: Text of an architecture of the profile's search space.
            device: The device as its agent describes it, whose runtime says which formats it reads; None for ONNX.
            changes: What is different from the profile's setting, as `{"runtime": "openvino"}`; see `changed_setting`.
                They need the device.
            model_folder: Where exported networks are kept; None for the user's cache.

        Raises:
            ProfileError: If the file is damaged or of another version.
            ArchitectureError: If the text names no architecture of the space.
            ExportError: If this host cannot write the network in the format and precision of the platform.
            EdgeprofError: If the profile does not name its platform.
        """
        loaded = profile_of_texts(profile, [architecture])
        setting = Platform.from_facts(loaded.platform).setting
        if changes and device is None:
            raise InvalidArgumentError("what is different from the profile's setting needs the device; give device=")
        if changes and device is not None:
            setting = changed_setting(device, setting, changes)
        return cls._exported(loaded.space.name, architecture, device, setting, architecture, model_folder)

    @classmethod
    def from_architecture(
        cls,
        space: str,
        architecture: str,
        device: Device,
        *,
        setting: Setting | None = None,
        name: str = "",
        model_folder: str | os.PathLike[str] | None = None,
    ) -> "Candidate":
        """Make a candidate of an architecture, exported for the runtime and the precision of a setting.

        Args:
            space: Name of the search space.
            architecture: Text of one of its architectures.
            device: The device as its agent describes it.
            setting: How to run it; None for the default of the device.
            name: Name in reports; empty for the architecture.
            model_folder: Where exported networks are kept; None for the user's cache.

        Raises:
            ArchitectureError: If the text names no architecture of the space.
            RuntimeNotFoundError: If the device does not have the runtime.
            SettingNotSupportedError: If it does not offer the rest of the setting.
            ExportError: If this host cannot write the network in the format and precision of the setting.
        """
        setting = setting or default_setting(device)
        require_offered(device, setting)
        return cls._exported(space, architecture, device, setting, name or architecture, model_folder)

    @classmethod
    def _exported(
        cls,
        space_name: str,
        architecture: str,
        device: Device | None,
        setting: Setting,
        name: str,
        model_folder: str | os.PathLike[str] | None,
    ) -> "Candidate":
        space, folder = get_space(space_name), usable_model_folder(model_folder)
        text = space.format(space.parse(architecture))
        with Converter(choose_exporter(device, setting), space, folder, batch_size=setting.batch_size) as converter:
            return cls(name=name, model=converter.convert(text)[0], setting=setting, model_name=text)
