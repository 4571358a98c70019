"""Pages of the documentation: their links lead somewhere, and the architecture page names every folder."""

import re
from pathlib import Path

import pytest

from edgeprof_proto.records.measurement import VerdictKind

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PACKAGES = ("proto/edgeprof_proto", "device_agent/edgeprof_agent", "predictor/edgeprof_predictor", "sdk/edgeprof")


def without_code(page: Path) -> str:
    return re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)


def anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.*)$", without_code(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_of_a_page_lead_to_files_and_sections_that_exist(page: Path) -> None:
    for target, anchor in re.findall(r"\]\(([^)#\s]*)#?([^)\s]*)\)", without_code(page)):
        if "://" in target:
            continue
        linked = (page.parent / target).resolve() if target else page
        assert linked.exists(), target
        assert not anchor or anchor in anchors(linked), f"{target}#{anchor}"


def test_every_page_is_in_the_sites_navigation_and_on_its_first_page() -> None:
    assert "(docs/index.md)" in PAGES[0].read_text()
    first, navigation = (ROOT / "docs" / "index.md").read_text(), (ROOT / "mkdocs.yml").read_text()
    names = [page.name for page in PAGES[1:] if page.name != "index.md"]
    assert [name for name in names if f"({name}" not in first] == []
    assert [name for name in names if f": {name}\n" not in navigation] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_the_architecture_page_names_every_folder_of_a_package(package: str) -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    section = page.partition(f"**`{package}`")[2].partition("\n**")[0]
    named = set(re.findall(r"`(\w+)/`", section))
    folders = {module.parent.name for module in (ROOT / package).glob("*/*.py")}
    assert folders == named - {"bundles", "importers", "default", "multi_predict", "baselines"}


def test_the_architecture_page_sends_changes_to_folders_that_exist_and_stays_short() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    folders = re.findall(r"^\| [^|]+ \| `([\w/]+/)` \|", page.partition("## Where to add what")[2], re.MULTILINE)
    assert len(folders) == 10
    assert [folder for folder in folders if not (ROOT / folder).is_dir()] == []
    assert len(page.splitlines()) < 120


def test_the_page_on_measuring_lists_every_verdict() -> None:
    listed = re.findall(r"^\| `(\w+)` \|", (ROOT / "docs" / "measuring.md").read_text(), re.MULTILINE)
    assert sorted(listed) == sorted(kind.value for kind in VerdictKind if kind is not VerdictKind.NOT_REPORTED)
