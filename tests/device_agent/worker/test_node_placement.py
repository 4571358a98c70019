import dataclasses
from pathlib import Path

import pytest
from factories import measurement_of

from edgeprof_agent.worker import node_placement
from edgeprof_agent.worker.node_placement import NodePlacementCache, known_node_counts
from edgeprof_proto.records.job_spec import JobSpec, Setting
from edgeprof_proto.records.measurement import NodeCount

ASKED = Setting(runtime="onnxruntime")
SPEC = JobSpec(model_sha256="0" * 64, setting=ASKED)
COUNTS = (NodeCount(provider="CPU", node_count=7),)
MEASURED = dataclasses.replace(measurement_of(1.0), node_counts=COUNTS)


def test_what_a_worker_found_is_known_after_a_restart(tmp_path: Path) -> None:
    NodePlacementCache(tmp_path / "file").remember(SPEC, MEASURED)
    placement = NodePlacementCache(tmp_path / "file").find(SPEC)
    assert known_node_counts(placement, MEASURED.setting) == COUNTS
    assert NodePlacementCache(tmp_path / "file").find(dataclasses.replace(SPEC, model_sha256="1" * 64)) is None


def test_another_setting_in_force_is_not_what_was_proven(tmp_path: Path) -> None:
    cache = NodePlacementCache(tmp_path / "file")
    cache.remember(SPEC, MEASURED)
    newer = dataclasses.replace(MEASURED.setting, runtime_version="99")
    assert known_node_counts(cache.find(SPEC), newer) == ()


def test_a_damaged_file_is_forgotten_and_written_anew(tmp_path: Path) -> None:
    for damage in ("", "[]", '{"key": {"setting": 1}}', '{"key"'):
        (tmp_path / "file").write_text(damage)
        cache = NodePlacementCache(tmp_path / "file")
        assert cache.find(SPEC) is None
        cache.remember(SPEC, MEASURED)
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
    assert cache.find(SPEC) is not None
