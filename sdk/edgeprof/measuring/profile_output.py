"""Writes what an onboarding has learned into the file of a device's profiles."""

from pathlib import Path

from edgeprof.errors import OnboardingError
from edgeprof.output_files import check_output
from edgeprof.store.platform import Platform
from edgeprof_predictor._profile_file import parts_beside
from edgeprof_predictor.operators.profile import OperatorProfile
from edgeprof_predictor.profile import Profile


def checked_profile_path(output: Path, platform: Platform, subject: str) -> Path:
    """Return the file of a profile, once it is known that it can be written and belongs to the same device.

    Args:
        output: The file, or a folder in which it is named after the platform and the subject.
        platform: The platform of the profile.
        subject: The search space, or "models".

    Raises:
        OutputFileError: If it cannot be written.
        ProfileError: If it is there and is damaged, no profile, or another device's.
    """
    path = output / f"{platform.name}.{subject}.edgeprof" if output.is_dir() else output
    check_output(path)
    parts_beside(path, platform.facts())
    return path


def write_profile(profile: Profile | OperatorProfile, path: Path) -> None:
    """Write a profile into its file, beside the others of the device.

    Raises:
        OnboardingError: If it cannot be written.
        ProfileError: If the file is damaged, no profile, or another device's.
    """
    try:
        profile.save(path)
    except OSError as error:
        raise OnboardingError(
            f"cannot write the profile {path} ({error.strerror}): name another file; the measurements are kept"
        ) from error
