"""Finds what is asked for in the file of a device's profiles.

What decodes a profile is imported when one is asked for: search spaces and models have nothing in common.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from edgeprof_predictor._profile_file import MODELS, Part, read_parts
from edgeprof_predictor.errors import ArchitectureError, ProfileError

if TYPE_CHECKING:
    from edgeprof_predictor.operators.profile import OperatorProfile
    from edgeprof_predictor.profile import Profile

PROFILE_SUFFIX = ".edgeprof"
"""Ending of the names of profiles' files."""

MODEL_FORMATS = "model_formats"
"""Entry of a provenance: the formats that the runtime reads, separated by commas."""

Found = TypeVar("Found", "Profile", "OperatorProfile")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileContent:
    """One profile in a file, as a list names it.

    Args:
        subject: Name of its search space; empty for a profile of models.
        platform: Identity of the platform, as the host describes it.
        provenance: How it came about, as the host describes it.
    """

    subject: str
    platform: Mapping[str, str]
    provenance: Mapping[str, str]


class ProfileFile:
    """The profiles of one device that a file holds: of search spaces, and of models. Each is decoded when it is used.

    Of several that would do, the one counts that came into the file first: what is added changes no other answer.

    Args:
        path: The file.
        runtime: Runtime of the profiles that count; empty for any.
        precision: Their precision; empty for any.

    Raises:
        ProfileError: If the file is missing, damaged or of another version, or holds nothing of that setting.
    """

    def __init__(self, path: str | os.PathLike[str], *, runtime: str = "", precision: str = "") -> None:
        self.path = path
        every = read_parts(path)
        wanted = {name: value for name, value in (("runtime", runtime), ("precision", precision)) if value}
        self._parts = [part for part in every if wanted.items() <= part.setting.items()]
        self._decoded: dict[int, Profile | OperatorProfile] = {}
        if not self._parts:
            names = ", ".join(part.platform.get("name", part.subject) for part in every)
            raise ProfileError(f"{path} holds nothing of {', '.join(wanted.values())}, but of {names or 'nothing'}")

    @classmethod
    def of(cls, profile: ProfileFile | str | os.PathLike[str]) -> ProfileFile:
        """Return the file of a device's profiles, read where a path is given.

        Args:
            profile: The file.

        Raises:
            ProfileError: If it is missing, damaged or of another version.
        """
        return profile if isinstance(profile, ProfileFile) else cls(profile)

    @property
    def spaces(self) -> tuple[str, ...]:
        """The search spaces, each once."""
        return tuple(dict.fromkeys(part.subject for part in self._parts if part.subject != MODELS))

    @property
    def contents(self) -> tuple[ProfileContent, ...]:
        """All profiles that count, in their order in the file; none is decoded."""
        return tuple(
            ProfileContent(
                subject="" if part.subject == MODELS else part.subject,
                platform=part.platform,
                provenance=part.provenance,
            )
            for part in self._parts
        )

    @property
    def predicts_models(self) -> bool:
        """Whether it holds a profile of models."""
        return any(part.subject == MODELS for part in self._parts)

    def space_of(self, architecture: str) -> str | None:
        """Return the search space in whose notation a text is; None for no architecture of any that the file holds.

        Args:
            architecture: The text.
        """
        if not (spaces := self.spaces):
            return None
        from edgeprof_predictor.spaces import get_space

        for name in spaces:
            try:
                get_space(name).parse(architecture)
            except ArchitectureError:
                continue
            return name
        return None

    def profile(self, space: str = "") -> Profile:
        """Return the profile of a search space.

        Args:
            space: Its name; empty for the only one.

        Raises:
            ProfileError: If the file does not hold it, holds several and none is named, or it is damaged.
        """
        from edgeprof_predictor.profile import Profile

        spaces = self.spaces
        if not spaces:
            raise ProfileError(
                f"{self.path} predicts models and no search space: `edgeprof onboard --space` adds one to it"
            )
        if space and space not in spaces:
            raise ProfileError(
                f"{self.path} predicts {', '.join(spaces)}, not {space}: onboard the platform for {space}"
            )
        if not space and len(spaces) > 1:
            raise ProfileError(f"{self.path} predicts {', '.join(spaces)}: name one of these search spaces")
        return self._of(next(part for part in self._parts if part.subject == (space or spaces[0])), Profile)

    def operator_profile(self, model_format: str = "") -> OperatorProfile:
        """Return the profile of models, for models of a format.

        Args:
            model_format: The format; empty for any. Where no runtime is known to read it, the first profile is
                returned, whose runtime then says what it refuses.

        Raises:
            ProfileError: If the file holds none, or it is damaged.
        """
        from edgeprof_predictor.operators.profile import OperatorProfile

        return self._of(self._models_part(model_format), OperatorProfile)

    def operator_profiles(self) -> list[OperatorProfile]:
        """Return the profiles of models of all settings; at least one.

        Raises:
            ProfileError: If the file holds none, or one is damaged.
        """
        from edgeprof_predictor.operators.profile import OperatorProfile

        self._models_part("")
        return [self._of(part, OperatorProfile) for part in self._parts if part.subject == MODELS]

    def space_profiles(self) -> list[Profile]:
        """Return the profiles of search spaces of all settings; none where it holds none.

        Raises:
            ProfileError: If one is damaged.
        """
        from edgeprof_predictor.profile import Profile

        return [self._of(part, Profile) for part in self._parts if part.subject != MODELS]

    def _models_part(self, model_format: str) -> Part:
        found = [part for part in self._parts if part.subject == MODELS]
        if not found:
            raise ProfileError(
                f"{self.path} is no profile of models: a search space's predicts its architectures alone; add one for "
                "models with `edgeprof onboard --models`"
            )
        reading = [part for part in found if model_format in part.provenance.get(MODEL_FORMATS, "").split(",")]
        return reading[0] if model_format and reading else found[0]

    def _of(self, part: Part, kind: type[Found]) -> Found:
        found = self._decoded.get(id(part))
        if not isinstance(found, kind):
            found = kind.of_part(part, self.path)
            self._decoded[id(part)] = found
        return found
