"""What may be no table of latencies is refused or said, and never becomes a platform without a word."""

from pathlib import Path

import numpy as np
import pytest

from edgeprof_predictor.spaces import get_space
from edgeprof_predictor.tables.importers import ImportedTable, LatencyUnit, PublishedTableError, import_latency_table

CELLS = get_space("nasbench201").sample(40, seed=0)


def imported(folder: Path, content: str | bytes, name: str = "table.csv", **options: object) -> ImportedTable:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return import_latency_table(path, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "name",
    ["accuracy", "test_acc", "Top1", "top-5 error", "valLoss", "FLOPs", "MACs", "n_params", "#params", "energy_mJ",
     "peak memory", "std", "epoch", "seed", "rank", "id", "index", "phone_us", "board latency (ns)", "cpu sec"],
)  # fmt: skip
def test_a_column_of_something_else_is_no_platform_unless_it_is_named(name: str, tmp_path: Path) -> None:
    content = f"arch,phone,{name},board\n0 1,1.5,0.9,10\n1 0,2.5,0.8,20\n"
    with pytest.raises(PublishedTableError, match=r"may hold no latencies in ms.*--platforms phone,board"):
        imported(tmp_path, content)
    assert imported(tmp_path, content, platforms=["phone", "board"]).table.platforms == ("phone", "board")
    assert imported(tmp_path, content, platforms=name).table.platforms == (name,)


def test_a_column_that_is_not_asked_for_may_hold_anything(tmp_path: Path) -> None:
    table = imported(tmp_path, "arch,comment,board\n0 1,slow,10\n1 0,,20\n", platforms=("board",)).table
    assert (table.platforms, table.latency_ms.tolist()) == (("board",), [[10, 20]])


@pytest.mark.parametrize("name", ["pixel3", "max_board", "gold_6226", "raspi4", "m1-mac", "eyeriss", "board A"])
def test_names_of_devices_are_platforms(name: str, tmp_path: Path) -> None:
    assert imported(tmp_path, f"arch,{name}\n0 1,1.5\n1 0,2.5\n").table.platforms == (name,)


def test_values_of_another_size_are_no_latencies(tmp_path: Path) -> None:
    content = "arch,phone,work\n0 1,1.5,90000000\n1 0,2.5,80000000\n"
    with pytest.raises(PublishedTableError, match=r"values of (work|phone) are about"):
        imported(tmp_path, content)
    assert imported(tmp_path, content, platforms=["phone", "work"]).table.platforms == ("phone", "work")


LAYOUTS = {
    "table.csv": "arch,phone,board\n0 1,1,10\n1 0,2,20\n",
    "long.csv": "arch,device,latency_ms\n0 1,phone,1\n0 1,board,10\n1 0,phone,2\n1 0,board,20\n",
    "t.jsonl": "".join(
        f'{{"arch": "{arch}", "device": "{name}", "latency_ms": {value}}}\n'
        for arch, name, value in (("0,1", "phone", 1), ("1,0", "phone", 2), ("0,1", "board", 10), ("1,0", "board", 20))
    ),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_platforms_can_be_named_in_each_format(name: str, tmp_path: Path) -> None:
    table = imported(tmp_path, LAYOUTS[name], name, platforms=["board", "phone"]).table
    assert (table.platforms, table.latency_ms.tolist()) == (("board", "phone"), [[10, 20], [1, 2]])
    assert imported(tmp_path, LAYOUTS[name], name, platforms="board").table.platforms == ("board",)
    with pytest.raises(PublishedTableError, match="no platform 'bord'"):
        imported(tmp_path, LAYOUTS[name], name, platforms=["board", "bord"])


@pytest.mark.parametrize("number", ["1_000", "1_0.5", "٣", "0x10", "1,5", "1 000", "1.5 ms", "1'000", "True", "½"])
def test_a_latency_in_another_spelling_is_refused(number: str, tmp_path: Path) -> None:
    with pytest.raises(PublishedTableError, match="line 2: the latency of phone is no number"):
        imported(tmp_path, f"arch;phone\n0 1;{number}\n1 0;2\n")


@pytest.mark.parametrize("choices", ["1_0,0", "٣,1", "0,\N{FULLWIDTH DIGIT ONE}"])
def test_choices_in_another_spelling_are_refused(choices: str, tmp_path: Path) -> None:
    for space in (None, get_space("nasbench201")):
        with pytest.raises(PublishedTableError, match="line 2"):
            imported(tmp_path, f"arch;phone\n{choices};1\n1,0;2\n", space=space)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("name", LAYOUTS)
def test_a_byte_order_mark_tells_the_encoding(name: str, encoding: str, tmp_path: Path) -> None:
    table = imported(tmp_path, LAYOUTS[name].encode(encoding), name).table
    assert (table.platforms, table.latency_ms.tolist()) == (("phone", "board"), [[1, 2], [10, 20]])


@pytest.mark.parametrize(("encoding", "said"), [("utf-16-le", "UTF-8"), ("utf-32", "no"), ("latin-1", "UTF-8")])
def test_another_encoding_is_refused_by_name(encoding: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(PublishedTableError, match=said):
        imported(tmp_path, "arch,phöne\n0 1,1.5\n1 0,2.5\n".encode(encoding))


def test_a_member_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    line = '{"arch": "0,1", "device": "phone", "latency_ms": 1, "latency_ms": 2}\n'
    with pytest.raises(PublishedTableError, match="latency_ms is in it more than once"):
        imported(tmp_path, line, "t.jsonl")


def test_integers_of_a_named_space_are_read_in_an_order_that_is_said(tmp_path: Path) -> None:
    space = get_space("nasbench201")
    lines = [f"{' '.join(map(str, cell.choices))},{index + 1}" for index, cell in enumerate(CELLS)]
    notes = imported(tmp_path, "arch,phone\n" + "\n".join(lines) + "\n", space=space).notes
    assert "in the order of nasbench201" in notes[0]


def test_latencies_that_fall_with_the_work_are_said(tmp_path: Path) -> None:
    space = get_space("nasbench201")
    work = np.argsort(np.argsort([sum(choice == 3 for choice in cell.choices) for cell in CELLS], kind="stable"))
    texts = [space.format(cell) for cell in CELLS]

    def notes(latency_ms: list[float]) -> tuple[str, ...]:
        rows = [f'"{text}",{value}' for text, value in zip(texts, latency_ms, strict=True)]
        return imported(tmp_path, "arch,phone\n" + "\n".join(rows) + "\n").notes

    grows, falls = notes([1.0 + rank for rank in work]), notes([100.0 - rank for rank in work])
    assert grows == () or "hardly grow" not in grows[0]
    assert "hardly grow" in falls[0]


def test_a_unit_word_fits_the_unit_of_the_table(tmp_path: Path) -> None:
    content = "arch,phone us\n0 1,1500\n1 0,2500\n"
    table = imported(tmp_path, content, unit=LatencyUnit.MICROSECONDS).table
    assert table.latency_ms.tolist() == [[1.5, 2.5]]


def test_a_speed_that_hardly_any_device_has_is_said_with_the_unit_that_would_explain_it(tmp_path: Path) -> None:
    space = get_space("nasbench201")
    networks = space.sample(3, seed=1)

    def notes(unit_per_ms: float) -> tuple[str, ...]:
        rows = [f"{space.format(one)},{(20.0 + rank) * unit_per_ms}" for rank, one in enumerate(networks)]
        return imported(tmp_path, "arch,phone\n" + "\n".join(rows) + "\n").notes

    assert notes(1.0) == ()
    assert "latencies of phone, 0.021 ms at the median" in notes(1e-3)[0]
    assert "if they are seconds, name their unit: --unit s" in notes(1e-3)[0]
    assert "if they are microseconds, name their unit: --unit us" in notes(1e3)[0]
