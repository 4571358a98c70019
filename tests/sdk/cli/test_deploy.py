"""The command line of `edgeprof deploy`."""

from pathlib import Path

import pytest
from click.testing import CliRunner

import edgeprof
from edgeprof.cli.main import edgeprof as command
from edgeprof.errors import InvalidArgumentError, OutputFileError


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "name a board"),
        (("--pack", "linux-aarch64"), "--pack takes --python and --output"),
        (("--pack", "linux-aarch64", "--python", "3.11", "-o", "x.tar.gz", "pi@board"), "--pack takes"),
        (("pi@board", "--remove"), "--keep-results or --purge"),
        (("pi@board", "--runtime", "onnxruntime", "--no-runtime"), "exclude each other"),
    ],
)
def test_a_wrong_command_line_says_what_is_missing(arguments: tuple[str, ...], said: str) -> None:
    result = CliRunner().invoke(command, ["deploy", *arguments])
    assert (result.exit_code, said in result.output) == (2, True), result.output


def test_arguments_are_checked_before_the_board_is_asked(tmp_path: Path) -> None:
    for listen in ("0.0.0.0", "board:0", "board:99999"):
        with pytest.raises(InvalidArgumentError, match="HOST:PORT"):
            edgeprof.deploy("board.invalid", listen=listen)
    for folder in ("edgeprof", "/", "/opt/../etc", "/opt//x"):
        with pytest.raises(InvalidArgumentError, match="folder on the board"):
            edgeprof.undeploy("board.invalid", folder=folder)
    with pytest.raises(InvalidArgumentError, match="a runtime must be one of"):
        edgeprof.deploy("board.invalid", "tensorflow")
    with pytest.raises(OutputFileError):
        edgeprof.pack_agent("linux-aarch64", "3.11", tmp_path / "absent" / "agent.tar.gz")
