"""Spaces by name, and a space of a user's own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from torch import nn

from edgeprof_predictor.errors import UnknownSearchSpaceError
from edgeprof_predictor.spaces import SPACE_NAMES, Architecture, SearchSpace, get_space
from edgeprof_predictor.spaces.contract import SearchSpaceContract


class Towers(SearchSpace):
    """Three layers of one of four widths: the least that a space must say."""

    widths = (4, 8, 16, 32)

    def __init__(self) -> None:
        super().__init__("towers", (4, 4, 4), input_shape=(1, 8, 8), output_shape=(2,))

    def build_network(self, architecture: Architecture) -> nn.Module:
        layers: list[nn.Module] = [nn.Flatten()]
        features = 64
        for choice in architecture.choices:
            layers += [nn.Linear(features, self.widths[choice]), nn.ReLU()]
            features = self.widths[choice]
        return nn.Sequential(*layers, nn.Linear(features, 2))


class TestUsersOwnSpaceContract(SearchSpaceContract):
    def make_space(self) -> SearchSpace:
        return Towers()


@pytest.mark.parametrize("name", SPACE_NAMES)
def test_space_is_found_by_its_name(name: str) -> None:
    assert get_space(name).name == name


def test_unknown_space_is_refused_with_the_known_names() -> None:
    with pytest.raises(UnknownSearchSpaceError, match=r"'nasnet'.*fbnet, nasbench101, nasbench201, nasbench301"):
        get_space("nasnet")


def test_reading_and_encoding_architectures_does_not_import_torch() -> None:
    program = (
        "import sys\n"
        "from edgeprof_predictor.spaces import SPACE_NAMES, get_space\n"
        "for name in SPACE_NAMES:\n"
        "    space = get_space(name)\n"
        "    space.costs(space.choices(space.sample(3, seed=0)))\n"
        "print('torch' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


class TestSpaceOfAPackage:
    """A package that names a space as an entry point, as `pip install` would leave it."""

    @pytest.fixture(autouse=True)
    def package(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "towers-1.0.dist-info").mkdir()
        (tmp_path / "towers-1.0.dist-info" / "METADATA").write_text(
            "Metadata-Version: 2.1\nName: towers\nVersion: 1.0\n"
        )
        (tmp_path / "towers-1.0.dist-info" / "entry_points.txt").write_text(
            f"[edgeprof.spaces]\ntowers = {__name__}:Towers\nother = {__name__}:Towers\nbroken = {__name__}:Nothing\n"
        )
        monkeypatch.syspath_prepend(tmp_path)

    def test_it_is_found_by_its_name(self) -> None:
        assert type(get_space("towers")).__name__ == "Towers"

    @pytest.mark.parametrize(
        ("name", "sentence"),
        [
            ("nasnet", "the known ones are .*transnasbench101_micro, broken, other, towers"),
            ("other", "must be a SearchSpace of the name 'other'"),
            ("broken", "cannot be loaded from .*:Nothing .* correct its package"),
        ],
    )
    def test_what_is_none_is_refused_in_a_sentence(self, name: str, sentence: str) -> None:
        with pytest.raises(UnknownSearchSpaceError, match=sentence):
            get_space(name)
