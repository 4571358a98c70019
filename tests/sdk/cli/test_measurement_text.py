import dataclasses

from factories import measurement_of

from edgeprof.cli.measurement_text import NOT_REPORTED, measurement_facts
from edgeprof_proto.records.measurement import GeneratedInput

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


def test_many_inputs_are_counted() -> None:
    assert facts_with(*[IMAGE] * 20)["inputs"].endswith("; 12 more")
