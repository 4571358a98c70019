"""`edgeprof import` as a user meets it."""

import json
from pathlib import Path

import numpy as np
from sdk.cli.this_process import edgeprof

from edgeprof_predictor.tables.published import load_latency_table


def test_import_writes_a_table_and_says_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "published.csv").write_text("arch,phone,board\n0 1,1500,10\n1 0,2500,20\n")
    done = edgeprof("import", "published.csv", "--output", "table.npz", "--unit", "us", "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "output": "table.npz",
        "architecture_count": 2,
        "platforms": ["phone", "board"],
        "notation": None,
        "notes": [],
    }
    table = load_latency_table(tmp_path / "table.npz")
    assert np.array_equal(table.latency_ms, [[1.5, 2.5], [0.01, 0.02]])
    shown = edgeprof("import", "published.csv", "-o", "table.npz", "--as", "csv", folder=tmp_path)
    assert shown.returncode == 0, shown.stderr
    for part in ("table.npz", "2 platforms", "phone, board", "lists of choices"):
        assert part in shown.stdout


def test_each_mistake_of_an_import_ends_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "published.csv").write_text("arch,phone\n0 1,1\n1 0,0\n")
    (tmp_path / "published.txt").write_text("arch,phone\n0 1,1\n1 0,2\n")
    mistakes = {
        ("published.csv", "-o", "table.npz"): (1, "line 3: the latency of phone must be finite and > 0"),
        ("published.txt", "-o", "table.npz"): (1, "help, csv, jsonl"),
        ("published.txt", "-o", "table.npz", "--as", "csv", "--space", "nosuch"): (1, "nasbench201"),
        ("published.txt", "-o", "nosuch/table.npz", "--as", "csv"): (1, "cannot write"),
        ("nosuch.csv", "-o", "table.npz"): (1, "cannot read"),
        ("published.csv",): (2, "--output"),
        ("published.csv", "-o", "table.npz", "--unit", "hours"): (2, "hours"),
    }
    for arguments, (status, text) in mistakes.items():
        done = edgeprof("import", *arguments, folder=tmp_path)
        assert done.returncode == status, f"{arguments}: {done.stderr}"
        assert text in done.stderr, f"{arguments}: {done.stderr}"
        assert "Traceback" not in done.stderr, f"{arguments}: {done.stderr}"
        assert done.stdout == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["published.csv", "published.txt"]
