"""Published tables become tables of ours, or end in one sentence that names the row."""

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from published_data import DATA_FOLDER, needs_published_tables

from edgeprof_predictor.spaces import get_space
from edgeprof_predictor.tables.importers import (
    FORMAT_NAMES,
    LatencyUnit,
    PublishedTableError,
    import_latency_table,
    save_latency_table,
)
from edgeprof_predictor.tables.published import load_latency_table

CELLS = (
    "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|skip_connect~2|",
    "|avg_pool_3x3~0|+|none~0|nor_conv_1x1~1|+|skip_connect~0|none~1|none~2|",
)
BLOCKS = (",".join(["k3_e1"] * 22), ",".join(["k5_e6"] * 21 + ["skip"]))

WIDE = "arch,phone,board\n0 1 2,1.5,10\n2 1 0,2.5,20\n"
LONG = "arch,device,latency_ms\n0 1 2,phone,1.5\n0 1 2,board,10\n2 1 0,phone,2.5\n2 1 0,board,20\n"
ONE_COLUMN_A_DECISION = "arch_0,arch_1,arch_2,phone,board\n0,1,2,1.5,10\n2,1,0,2.5,20\n"
SEMICOLONS = "arch;phone;board\n0,1,2;1.5;10\n2,1,0;2.5;20\n"
INDEXED_BY_PANDAS = '\ufeff,arch,phone,board\n0,"[0, 1, 2]",1.5,10\n1,"[2, 1, 0]",2.5,20\n\n'
LINES = "".join(
    json.dumps({"architecture": choices, "platform": platform, "latency_ms": latency, "note": "kept out"}) + "\n"
    for choices, platform, latency in (
        ([0, 1, 2], "phone", 1.5),
        ([2, 1, 0], "phone", 2.5),
        ("2,1,0", "board", 20),
        ("0,1,2", "board", 10),
    )
)


def written(folder: Path, name: str, content: str) -> Path:
    path = folder / name
    path.write_text(content, encoding="utf-8")
    return path


def help_folder(folder: Path, architectures: Any, **latencies: Any) -> Path:
    (folder / "latency").mkdir(parents=True)
    torch.save(architectures, folder / ("str_arch2idx.pt" if isinstance(architectures, dict) else "arch.pt"))
    for name, values in latencies.items():
        torch.save(values, folder / "latency" / f"{name}.pt")
    return folder


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("wide.csv", WIDE),
        ("long.csv", LONG),
        ("decisions.csv", ONE_COLUMN_A_DECISION),
        ("semicolons.csv", SEMICOLONS),
        ("tabs.tsv", WIDE.replace(",", "\t")),
        ("pandas.csv", INDEXED_BY_PANDAS),
        ("lines.jsonl", LINES),
    ],
)
def test_all_layouts_of_a_table_give_the_same_table(name: str, content: str, tmp_path: Path) -> None:
    imported = import_latency_table(written(tmp_path, name, content))
    assert imported.space is None
    assert imported.table.platforms == ("phone", "board")
    assert imported.table.choices.tolist() == [[0, 1, 2], [2, 1, 0]]
    assert imported.table.latency_ms.tolist() == [[1.5, 2.5], [10, 20]]


@pytest.mark.parametrize("values", [[1.5, 2.5], torch.tensor([1.5, 2.5])])
def test_a_folder_of_help_holds_lists_or_tensors(values: Any, tmp_path: Path) -> None:
    source = help_folder(tmp_path, [[0, 1, 2], [2, 1, 0]], phone=values, board=[10, 20])
    table = import_latency_table(source).table
    assert table.platforms == ("board", "phone")
    assert table.latency_ms.tolist() == [[10, 20], [1.5, 2.5]]


def test_a_folder_of_help_may_number_texts_in_any_order(tmp_path: Path) -> None:
    imported = import_latency_table(help_folder(tmp_path, {CELLS[1]: 1, CELLS[0]: 0}, phone=[1, 2]))
    space = get_space("nasbench201")
    assert imported.space is space
    assert [space.format(item) for item in space.architectures(imported.table.choices)] == list(CELLS)


@pytest.mark.parametrize(("texts", "name"), [(CELLS, "nasbench201"), (BLOCKS, "fbnet")])
def test_a_notation_tells_its_space_and_is_kept_in_the_file(texts: tuple[str, str], name: str, tmp_path: Path) -> None:
    source = written(tmp_path, "table.csv", f'arch,phone\n"{texts[0]}",1\n"{texts[1]}",2\n')
    imported = import_latency_table(source)
    save_latency_table(imported.table, tmp_path / "table.npz", notation=imported.space)
    with np.load(tmp_path / "table.npz", allow_pickle=False) as archive:
        assert archive["arch"].tolist() == list(texts)
    again = load_latency_table(tmp_path / "table.npz", get_space(name))
    assert again.choices.tolist() == imported.table.choices.tolist()
    assert again.latency_ms.tolist() == [[1, 2]]


def test_a_written_table_is_read_back_as_it_was(tmp_path: Path) -> None:
    table = import_latency_table(written(tmp_path, "wide.csv", WIDE)).table
    save_latency_table(table, tmp_path / "table.npz")
    again = load_latency_table(tmp_path / "table.npz")
    assert again.platforms == table.platforms
    assert again.choices.tolist() == table.choices.tolist()
    assert again.latency_ms.tolist() == table.latency_ms.tolist()


@pytest.mark.parametrize(
    ("unit", "factor"), [(LatencyUnit.MILLISECONDS, 1), (LatencyUnit.SECONDS, 1000), (LatencyUnit.MICROSECONDS, 0.001)]
)
def test_each_unit_becomes_milliseconds(unit: LatencyUnit, factor: float, tmp_path: Path) -> None:
    for content in (WIDE, LONG.replace("latency_ms", f"latency_{unit.value}")):
        table = import_latency_table(written(tmp_path, "table.csv", content), unit=unit).table
        assert table.latency_ms == pytest.approx(factor * np.array([[1.5, 2.5], [10, 20]]))


def test_whole_milliseconds_with_ties_are_taken_as_they_are(tmp_path: Path) -> None:
    source = written(tmp_path, "table.csv", "arch,phone\n0 1,3\n1 0,3\n1 1,4\n")
    assert import_latency_table(source).table.latency_ms.tolist() == [[3, 3, 4]]


def replaced(old: str, new: str, content: str = WIDE) -> str:
    assert old in content
    return content.replace(old, new)


REFUSED_CSV = {
    "a missing latency": (replaced("2.5", ""), "line 3: no latency of phone .*1 of 2 architectures"),
    "a missing measurement": (LONG.replace("2 1 0,board,20\n", ""), "line 4: no latency of board"),
    "no number": (replaced("2.5", "fast"), "line 3: the latency of phone is no number: 'fast'"),
    "a NaN": (replaced("2.5", "nan"), "line 3: the latency of phone must be finite and > 0, got nan"),
    "an infinity": (replaced("2.5", "inf"), "line 3: .* got inf"),
    "a zero": (replaced("2.5", "0"), "line 3: .* got 0.0"),
    "a negative latency": (replaced("2.5", "-1"), "line 3: .* got -1.0"),
    "a constant platform": (replaced("2.5", "1.5"), "all latencies of phone are 1.5 ms"),
    "a repeated architecture": (replaced("2 1 0", "0,1,2", WIDE.replace(",", ";")), "line 3: .*line 2.*leave one"),
    "a repeated measurement": (LONG + "2 1 0,board,21\n", "line 6: .* board for 2 1 0 .*line 4"),
    "a repeated column": (replaced("board", "phone"), "repeated: 'phone'"),
    "too few cells": (replaced(",20", ""), "line 3 has 2 cells, the first line has 3"),
    "an open quote": (replaced("2 1 0", '"2 1 0'), "line 3 is no row"),
    "no architecture": (replaced("2 1 0", ""), "line 3: the architecture is empty"),
    "no platform": (LONG.replace(",board,20", ",,20"), "line 5: the name of a platform is empty"),
    "fewer choices": (replaced("2 1 0", "2 1"), "line 3: the architecture has 2 choices, those before it 3"),
    "numbers of architectures": ("arch,phone\n0,1\n1,2\n", "line 2: 0 is only the number of an architecture"),
    "an unknown notation": (
        replaced("2 1 0", "vgg"),
        "line 3: 'vgg' is neither choices .* nor .* fbnet or .*nasbench201",
    ),
    "no column of architectures": (replaced("arch", "name"), "must be called arch"),
    "no column of latencies": ("arch\n0 1\n", "no column holds latencies"),
    "no column of devices": (LONG.replace("device", "name"), "needs the columns device and latency_ms"),
    "another unit": (LONG.replace("_ms", "_us"), "latency_ms, or for another unit --unit"),
    "no rows": ("arch,phone\n", "no latency"),
    "nothing": ("", "the first line is empty"),
}


@pytest.mark.parametrize(("content", "sentence"), REFUSED_CSV.values(), ids=REFUSED_CSV)
def test_a_csv_file_is_refused_with_the_row_named(content: str, sentence: str, tmp_path: Path) -> None:
    source = written(tmp_path, "table.csv", content)
    with pytest.raises(PublishedTableError, match=sentence) as caught:
        import_latency_table(source)
    assert str(caught.value).startswith(f"{source}: ")


REFUSED_LINES = {
    "no JSON": ("no JSON", "line 2 is no JSON"),
    "brackets without end": ("[" * 100_000, "line 2 is no JSON"),
    "no object": ("[1, 2]", "line 2 must be an object"),
    "no latency": ('{"arch": "0,1", "device": "phone"}', "line 2 has no latency_ms; its members are arch, device"),
    "a missing latency": ('{"arch": [0, 1], "device": "phone", "latency": null}', "line 2: no latency of phone"),
    "a NaN": ('{"arch": [0, 1], "device": "phone", "latency": NaN}', "line 2: .* got nan"),
    "an integer beyond floats": (
        '{"arch": [0, 1], "device": "phone", "latency": 1' + "0" * 400 + "}",
        "line 2: .* finite",
    ),
    "a truth": ('{"arch": [0, 1], "device": "phone", "latency": true}', "no number: True"),
    "a number as platform": ('{"arch": [0, 1], "device": 7, "latency": 1}', "must be a text, got 7"),
    "a number as architecture": ('{"arch": 17, "device": "phone", "latency": 1}', "got 17"),
}


@pytest.mark.parametrize(("line", "sentence"), REFUSED_LINES.values(), ids=REFUSED_LINES)
def test_json_lines_are_refused_with_the_line_named(line: str, sentence: str, tmp_path: Path) -> None:
    first = '{"arch": [1, 1], "device": "phone", "latency_ms": 3}\n'
    with pytest.raises(PublishedTableError, match=sentence):
        import_latency_table(written(tmp_path, "table.jsonl", first + line + "\n"))


class Intruder:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> Any:
        return Path.touch, (self.trace,)


@pytest.mark.parametrize("save", [torch.save, lambda value, path: path.write_bytes(pickle.dumps(value))])
def test_a_pickle_that_runs_code_is_refused_and_does_not_run(save: Any, tmp_path: Path) -> None:
    source = help_folder(tmp_path / "table", [[0, 1], [1, 0]])
    save(Intruder(tmp_path / "trace"), source / "latency" / "phone.pt")
    with pytest.raises(PublishedTableError, match=r"phone\.pt is refused"):
        import_latency_table(source)
    assert not (tmp_path / "trace").exists()


@pytest.mark.parametrize("length", [0, 10, 300])
def test_a_damaged_pickle_is_refused(length: int, tmp_path: Path) -> None:
    source = help_folder(tmp_path, [[0, 1], [1, 0]], phone=[1, 2])
    damaged = source / "latency" / "phone.pt"
    damaged.write_bytes(damaged.read_bytes()[:length])
    with pytest.raises(PublishedTableError, match=r"phone\.pt is refused"):
        import_latency_table(source)


@pytest.mark.parametrize(
    ("architectures", "latencies", "sentence"),
    [
        ([[0, 1], [1, 0]], {"phone": [1, 2, 3]}, r"phone\.pt has 3 latencies for 2 architectures"),
        ([[0, 1], [1, 0]], {"phone": [1, "2"]}, "must be a list of numbers"),
        ([[0, 1], [1, 0]], {"phone": [1, 0]}, "architecture 1: the latency of phone"),
        ([[0, 1], [0, 1]], {"phone": [1, 2]}, "architecture 1: .* architecture 0"),
        ([[0, 1], [1, 0]], {}, r"no latency/NAME\.pt"),
        ([0, 1], {"phone": [1, 2]}, r"arch\.pt must be a list"),
        ({CELLS[0]: 0, CELLS[1]: 2}, {"phone": [1, 2]}, "each number once"),
        ({CELLS[0]: 0, CELLS[1]: "1"}, {"phone": [1, 2]}, "each number once"),
        ({CELLS[0]: 0, CELLS[1]: [1]}, {"phone": [1, 2]}, "each number once"),
        ({CELLS[0]: 0, 1: 1}, {"phone": [1, 2]}, "each number once"),
    ],
)
def test_a_folder_that_does_not_fit_together_is_refused(
    architectures: Any, latencies: dict[str, Any], sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(PublishedTableError, match=sentence):
        import_latency_table(help_folder(tmp_path, architectures, **latencies))


def test_a_space_refuses_what_is_not_its_own(tmp_path: Path) -> None:
    source = written(tmp_path, "wide.csv", WIDE)
    with pytest.raises(PublishedTableError, match="line 2: an architecture of fbnet has 22 choices, got 3"):
        import_latency_table(source, space=get_space("fbnet"))


def test_a_source_that_is_not_there_or_of_no_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PublishedTableError, match=r"cannot read .*nosuch\.csv"):
        import_latency_table(tmp_path / "nosuch.csv")
    with pytest.raises(PublishedTableError, match="give one of help, csv, jsonl"):
        import_latency_table(written(tmp_path, "table.txt", WIDE))
    with pytest.raises(PublishedTableError, match=r"neither arch\.pt nor str_arch2idx\.pt"):
        import_latency_table(tmp_path)
    with pytest.raises(PublishedTableError, match="no format 'xml'"):
        import_latency_table(tmp_path, format_name="xml")
    binary = tmp_path / "table.csv"
    binary.write_bytes(b"arch,phone\n\xff\xfe,1\n")
    with pytest.raises(PublishedTableError, match="no text in UTF-8"):
        import_latency_table(binary)
    for format_name in FORMAT_NAMES:
        with pytest.raises(PublishedTableError):
            import_latency_table(tmp_path / "nosuch", format_name=format_name)


def test_a_table_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    table = import_latency_table(written(tmp_path, "wide.csv", WIDE)).table
    (tmp_path / "folder").mkdir()
    for output in (tmp_path / "folder", tmp_path / "nosuch" / "table.npz"):
        with pytest.raises(PublishedTableError, match="cannot write"):
            save_latency_table(table, output)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "wide.csv"]


@needs_published_tables
@pytest.mark.parametrize(("name", "platforms"), [("fbnet", ("pixel2", "raspi4")), ("nasbench201", ("samsung_s7",))])
def test_the_folders_of_help_equal_the_published_tables(name: str, platforms: tuple[str, ...], tmp_path: Path) -> None:
    space = get_space(name)
    imported = import_latency_table(DATA_FOLDER / "original_help" / name)
    save_latency_table(imported.table, tmp_path / "table.npz", notation=imported.space)
    table = load_latency_table(tmp_path / "table.npz", space)
    expected = load_latency_table(DATA_FOLDER / f"latency_{name}.npz", space).select(platforms)
    assert table.platforms == platforms
    assert np.array_equal(table.choices, expected.choices)
    assert np.array_equal(table.latency_ms.astype(np.float32), expected.latency_ms.astype(np.float32))
