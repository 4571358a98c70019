"""Every block on the pages that one learns from works as it stands, against a simulated device or this machine."""

import re
from pathlib import Path

import pytest
import yaml
from end_to_end.tutorial import blocks_of, session
from sdk.operator_models.conftest import take_few_probes

ROOT = Path(__file__).parents[2]


def pages_to_learn_from() -> list[Path]:
    """The pages below "Learn" in the site's navigation."""
    navigation = yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"]
    (learn,) = (item["Learn"] for item in navigation if "Learn" in item)
    return [ROOT / "docs" / name for item in learn for name in item.values()]


PAGES = pages_to_learn_from()


# Tests of their own run the blocks of these pages, with the parts that take long shortened.
RUN_ELSEWHERE = {"search_spaces.md": "test_search_spaces_page.py", "fleet.md": "test_fleet_page.py"}


@pytest.mark.timeout(300)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("page", [page for page in PAGES if page.name not in RUN_ELSEWHERE], ids=lambda page: page.stem)
def test_the_blocks_of_a_page_run_in_order(
    page: Path, own_edgeprof_folders: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The whole suite of probes takes a minute; its tests run all of it.
    take_few_probes(monkeypatch)
    folder = tmp_path / "page"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(folder)
    with monkeypatch.context() as patch, session(tmp_path / "board") as running:
        patch.setenv("EDGEPROF_DEVICE", "")
        patch.setenv("EDGEPROF_AGENT_DATA_DIR", "")
        for block in blocks_of(page):
            if block.reason is None:
                running.run(block)


def test_a_block_that_cannot_run_says_why_and_most_can() -> None:
    blocks = [block for page in PAGES for block in blocks_of(page)]
    marked = {f"{block.page.name}:{block.line}": block.reason for block in blocks if block.reason is not None}
    print(*(f"{place}: {reason}" for place, reason in marked.items()), sep="\n")
    assert all(len(reason.split()) >= 4 for reason in marked.values())
    assert len(marked) <= len(blocks) / 3


def test_no_console_block_of_a_page_to_learn_from_lacks_a_prompt() -> None:
    for block in (block for page in PAGES for block in blocks_of(page)):
        assert block.kind == "python" or block.commands, f"{block.page.name}:{block.line}"


def test_pages_that_are_run_elsewhere_are_run_there() -> None:
    for page, module in RUN_ELSEWHERE.items():
        assert re.search(rf'"{re.escape(page)}"', (Path(__file__).parent / module).read_text())
