import dataclasses
import json
import os
from pathlib import Path

import pytest
from factories import measurement_of

from edgeprof_agent.worker import node_placement
from edgeprof_agent.worker.engine_fingerprint import engine_fingerprint
from edgeprof_agent.worker.node_placement import NodePlacementCache, known_node_counts
from edgeprof_proto.records.job_spec import JobSpec, Setting
from edgeprof_proto.records.measurement import NodeCount

ASKED = Setting(runtime="onnxruntime")
SPEC = JobSpec(model_sha256="0" * 64, setting=ASKED)
COUNTS = (NodeCount(provider="CPU", node_count=7),)
MEASURED = dataclasses.replace(measurement_of(1.0), node_counts=COUNTS, engine_fingerprint="f1")


def remembered(path: Path) -> None:
    cache = NodePlacementCache(path)
    cache.remember(SPEC, MEASURED)
    cache.save()


def test_what_a_worker_found_is_known_after_a_restart(tmp_path: Path) -> None:
    remembered(tmp_path / "file")
    placement = NodePlacementCache(tmp_path / "file").find(SPEC)
    assert known_node_counts(placement, MEASURED.setting, "f1") == COUNTS
    assert NodePlacementCache(tmp_path / "file").find(dataclasses.replace(SPEC, model_sha256="1" * 64)) is None


def test_another_setting_in_force_is_not_what_was_proven(tmp_path: Path) -> None:
    cache = NodePlacementCache(tmp_path / "file")
    cache.remember(SPEC, MEASURED)
    newer = dataclasses.replace(MEASURED.setting, runtime_version="99")
    assert known_node_counts(cache.find(SPEC), newer, "f1") == ()


def test_another_driver_or_an_unknown_one_is_not_what_was_counted(tmp_path: Path) -> None:
    cache = NodePlacementCache(tmp_path / "file")
    cache.remember(SPEC, MEASURED)
    assert known_node_counts(cache.find(SPEC), MEASURED.setting, "f2") == ()
    assert known_node_counts(cache.find(SPEC), MEASURED.setting, "") == ()
    cache.remember(SPEC, dataclasses.replace(MEASURED, engine_fingerprint="f2"))
    assert known_node_counts(cache.find(SPEC), MEASURED.setting, "f2") == COUNTS


def test_a_file_of_an_agent_that_knew_no_drivers_opens_and_every_model_is_counted_again(tmp_path: Path) -> None:
    remembered(tmp_path / "file")
    entries = json.loads((tmp_path / "file").read_text())
    for entry in entries.values():
        del entry["engine_fingerprint"]
    (tmp_path / "file").write_text(json.dumps(entries))
    placement = NodePlacementCache(tmp_path / "file").find(SPEC)
    assert placement is not None and known_node_counts(placement, MEASURED.setting, "f1") == ()


def _system(root: Path, **changes: str) -> Path:
    files = {
        "proc/sys/kernel/osrelease": "6.1.0",
        "sys/module/nvidia/version": "535.1",
        "proc/self/maps": "7f00-7f01 r-xp 00000000 08:01 42    /usr/lib/libnpu.so.1\n7f02-7f03 rw-p 0 0:0 0 [heap]\n",
        "usr/lib/libnpu.so.1": "code",
        **changes,
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    os.utime(root / "usr/lib/libnpu.so.1", ns=(1, 1))
    return root


def test_the_fingerprint_changes_with_kernel_driver_and_libraries_and_with_nothing_else(tmp_path: Path) -> None:
    before = engine_fingerprint(None, _system(tmp_path / "a"))
    assert engine_fingerprint(None, _system(tmp_path / "b")) == before
    changes = [
        {"proc/sys/kernel/osrelease": "6.1.1"},
        {"sys/module/nvidia/version": "550.2"},
        {"sys/module/mali/srcversion": "9"},
        {"usr/lib/libnpu.so.1": "newer code"},
    ]
    others = [
        engine_fingerprint(None, _system(tmp_path / str(index), **change)) for index, change in enumerate(changes)
    ]
    others.append(engine_fingerprint("driver 2", _system(tmp_path / "c")))
    os.utime(tmp_path / "b/usr/lib/libnpu.so.1", ns=(2, 2))
    others.append(engine_fingerprint(None, tmp_path / "b"))
    assert len({before, *others}) == len(others) + 1
    assert engine_fingerprint() == engine_fingerprint(), "on this machine"


def test_a_damaged_file_is_forgotten_and_written_anew(tmp_path: Path) -> None:
    for damage in ("", "[]", '{"key": {"setting": 1}}', '{"key"'):
        (tmp_path / "file").write_text(damage)
        cache = NodePlacementCache(tmp_path / "file")
        assert cache.find(SPEC) is None
        cache.remember(SPEC, MEASURED)
        cache.save()
        assert NodePlacementCache(tmp_path / "file").find(SPEC) is not None


def test_the_oldest_give_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node_placement, "REMEMBERED_COUNT", 2)
    cache = NodePlacementCache(tmp_path / "file")
    specs = [dataclasses.replace(SPEC, model_sha256=str(digit) * 64) for digit in range(3)]
    for spec in specs:
        cache.remember(spec, MEASURED)
    assert [cache.find(spec) is not None for spec in specs] == [False, True, True]


def test_a_folder_that_cannot_be_written_costs_only_the_memory(tmp_path: Path) -> None:
    cache = NodePlacementCache(tmp_path / "missing" / "file")
    cache.remember(SPEC, MEASURED)
    cache.save()
    assert cache.find(SPEC) is not None
