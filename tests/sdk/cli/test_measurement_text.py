import dataclasses

from factories import measurement_of

from edgeprof.cli.measurement_text import measurement_facts
from edgeprof.cli.resources_text import NOT_REPORTED
from edgeprof_proto.records.generated_input import GeneratedInput
from edgeprof_proto.records.measurement import MemoryUse

IMAGE = GeneratedInput(name="image", element_type="float32", sizes=(1, 3, 8, 8))
IDS = GeneratedInput(name="ids", element_type="int64", sizes=(1, 16), lowest_value=0, highest_value=30_521)
COUNT = GeneratedInput(
    name="count", element_type="int64", lowest_value=0, highest_value=1, deciding_operators=("Loop", "TopK")
)


def facts_with(*inputs: GeneratedInput) -> dict[str, str]:
    return measurement_facts(dataclasses.replace(measurement_of(1.0, 2.0), inputs=inputs))


def test_what_was_fed_is_shown_with_type_shape_and_range() -> None:
    facts = facts_with(IMAGE, IDS)
    assert facts["inputs"] == "image float32 1x3x8x8, normal; ids int64 1x16, 0 to 30521"
    assert "warning" not in facts
    assert facts_with()["inputs"] == NOT_REPORTED


def test_values_that_decide_what_runs_are_a_warning() -> None:
    facts = facts_with(IMAGE, COUNT)
    assert facts["inputs"].endswith("count int64 scalar, 0 to 1")
    assert facts["warning"].startswith("the values of count (Loop, TopK) decide what runs: the latency holds for")


def test_memory_of_runtime_and_model_stands_apart_where_the_agent_tells_it() -> None:
    measurement = dataclasses.replace(measurement_of(1.0), peak_memory_bytes=120 << 20)
    assert measurement_facts(measurement)["peak memory"] == "120 MiB; runtime and model apart not reported"
    use = MemoryUse(before_engine_bytes=20 << 20, engine_loaded_bytes=50 << 20, run_peak_bytes=115 << 20)
    told = measurement_facts(dataclasses.replace(measurement, memory_use=use))["peak memory"]
    assert told == "120 MiB, 115 MiB in runs: runtime 30 MiB, model 65 MiB, the rest Python and the worker"
    later = dataclasses.replace(use, before_engine_bytes=None)
    told = measurement_facts(dataclasses.replace(measurement, memory_use=later))["peak memory"]
    assert "runtime not reported, model 65 MiB" in told


def test_many_inputs_are_counted() -> None:
    assert facts_with(*[IMAGE] * 20)["inputs"].endswith("; 12 more")
