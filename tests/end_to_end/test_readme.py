"""What the README and the pages of commands and names say is what there is."""

import re
from importlib.metadata import entry_points, requires
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text()


def test_every_verb_that_the_readme_names_is_one() -> None:
    from edgeprof.cli.main import VERBS

    named = {name for pair in re.findall(r"`edgeprof (\w+)|host\$  edgeprof (\w+)", README) for name in pair if name}
    assert {"onboard", "predict", "deploy"} <= named <= set(VERBS)


def test_the_page_of_commands_lists_every_verb() -> None:
    from edgeprof.cli.main import VERBS

    listed = re.findall(r"^\| `edgeprof ([\w-]+)", (ROOT / "docs" / "commands.md").read_text(), re.MULTILINE)
    assert set(listed) == set(VERBS)


def test_the_reference_holds_every_public_name() -> None:
    import edgeprof

    listed = re.findall(r"^::: edgeprof\.(\w+)$", (ROOT / "docs" / "reference.md").read_text(), re.MULTILINE)
    assert sorted(listed) == sorted(set(edgeprof.__all__) - {"__version__"})


def test_scripts_that_the_readme_names_are_there() -> None:
    for name in re.findall(r"scripts/\w+", README):
        assert (ROOT / name).exists(), name


def test_a_device_installs_nothing_that_only_the_host_needs() -> None:
    always = [item for item in requires("edgeprof") or () if "extra ==" not in item]
    names = {re.split(r"[ <>=!\[;]", item)[0].lower() for item in always}
    assert names == {"cryptography", "grpcio", "grpcio-health-checking", "protobuf", "spake2"}


def test_both_commands_and_both_runtimes_are_installed() -> None:
    assert {"edgeprof", "edgeprof-agent"} <= {item.name for item in entry_points(group="console_scripts")}
    assert {"onnxruntime", "simulated"} <= {item.name for item in entry_points(group="edgeprof.runtimes")}
