"""A measurement in words: the median with its interval, what ran it, the conditions, and the verdict."""

from edgeprof.cli.plain_output import milliseconds, milliseconds_between
from edgeprof.cli.resources_text import NOT_REPORTED, energy_text, memory_text
from edgeprof.measuring.sustained import SustainedCurve
from edgeprof_proto.records.generated_input import GeneratedInput
from edgeprof_proto.records.job_spec import ALL_CORES, CORES_OPTION, Setting
from edgeprof_proto.records.measurement import Conditions, Evidence, Measurement, spaced_runs

BARS = "▁▂▃▄▅▆▇█"

WHY_NOT_NARROWER = {
    "throttling_flag_count": "the device slowed itself down",
    "throttling_event_count": "the device slowed itself down",
    "frequency_limit_drop": "the device lowered the limit of its frequency",
    "frequency_drop": "the device changed its frequency",
    "core_wait_share": "other programs took the core",
    "mean_excess": "other programs interrupted the runs",
    "drift": "the device kept getting slower or faster",
    "quartile_spread": "single runs scatter",
    "block_spread": "blocks of runs scatter",
}
"""Reasons for an interval that is too wide, by the name of their evidence, the most specific first."""


def measurement_facts(measurement: Measurement) -> dict[str, str]:
    """Facts of a measurement as names and texts.

    Args:
        measurement: The measurement, with its blocks.
    """
    runs = sorted(spaced_runs(measurement.timed_blocks))
    run_count = sum(len(block.latency_ms) for block in measurement.timed_blocks)
    low, high = (runs[int(share * len(runs))] for share in (0.05, 0.95))
    facts = {
        "median": f"{milliseconds(measurement.median_ms)} {_interval_text(measurement)}",
        "5th to 95th percentile": milliseconds_between(low, high),
        "timed runs": f"{run_count} in {len(measurement.timed_blocks)} blocks",
        "first inference": milliseconds(measurement.first_inference_ms),
        "load": milliseconds(measurement.load_ms),
        "peak memory": memory_text(measurement),
        "energy": energy_text(measurement),
        "setting": setting_text(measurement.setting),
        "ran on": _execution_text(measurement),
        "conditions": _conditions_text(measurement),
        "inputs": inputs_text(measurement.inputs),
    }
    if warning := deciding_inputs_text(measurement.inputs):
        facts["warning"] = warning
    if measurement.plan.start_temperature_celsius:
        facts["start temperature"] = _start_text(measurement)
    if measurement.plan.target_half_width:
        facts["interval"] = _target_text(measurement)
    exceeded = [item for item in measurement.verdict.evidence if item.is_exceeded]
    numbers = ", ".join(f"{item.name} {item.value:.3g} beyond {item.limit:.3g}" for item in exceeded)
    facts["verdict"] = measurement.verdict.kind.text + (f": {numbers}" if numbers else "")
    return facts


def sustained_facts(curve: SustainedCurve) -> dict[str, str]:
    """Facts of sustained work as names and texts.

    Args:
        curve: The curve.
    """
    medians = [item.median_ms for item in curve.bins]
    low, span = min(medians), max(medians) - min(medians)
    bars = "".join(BARS[int((value - low) / span * (len(BARS) - 1))] if span else BARS[0] for value in medians)
    if curve.steady_ms is None or curve.steady_start_s is None:
        steady = "not reached: the last bins still differ; work longer"
    else:
        change = curve.steady_ms / curve.burst_ms - 1
        steady = f"{milliseconds(curve.steady_ms)} from {curve.steady_start_s:.0f} s on, {change:+.1%} against burst"
    return {
        "burst": f"{milliseconds(curve.burst_ms)}, the first second",
        "steady state": steady,
        "curve": f"{milliseconds(low)} {bars} {milliseconds(max(medians))}",
    }


def _interval_text(measurement: Measurement) -> str:
    interval = measurement.median_interval
    if interval is None:
        return "(too few blocks for an interval)"
    between = milliseconds_between(interval.lower_ms, interval.upper_ms)
    return f"± {interval.half_width:.1%}, {between} ({interval.level:.0%})"


def setting_text(setting: Setting) -> str:
    """A setting in words.

    Args:
        setting: The setting that ran.
    """
    cores = setting.options.get(CORES_OPTION, ALL_CORES)
    return (
        f"{setting.runtime} {setting.runtime_version}, {setting.provider}, {setting.precision}, "
        f"threads {setting.thread_count}, batch {setting.batch_size}, cores {cores}"
    )


def _execution_text(measurement: Measurement) -> str:
    nodes = ", ".join(f"{item.node_count} nodes on {item.provider}" for item in measurement.node_counts)
    cores = ", ".join(map(str, measurement.core_indices))
    threads = NOT_REPORTED if measurement.thread_count is None else str(measurement.thread_count)
    if nodes and measurement.is_node_count_remembered:
        nodes += " (counted by an earlier job)"
    return f"{nodes or f'nodes {NOT_REPORTED}'}; cores {cores or NOT_REPORTED}; threads at work {threads}"


def _conditions_text(measurement: Measurement) -> str:
    readings = (measurement.conditions_before, *measurement.conditions_during, measurement.conditions_after)
    governors = sorted({governor for item in readings for governor in item.governors})
    flags = sorted({flag for item in readings for flag in item.throttling_flags})
    frequencies_mhz = [max(item.core_frequencies_mhz) for item in readings if item.core_frequencies_mhz]
    has_flags = any(item.has_throttling_flags for item in readings)
    parts = [
        f"governor {', '.join(governors) or NOT_REPORTED}",
        f"frequency {_range_text(frequencies_mhz, 'MHz')}",
        f"temperature {_range_text(_hottest(readings), '°C')}",
        f"throttling {', '.join(flags) or ('none' if has_flags else NOT_REPORTED)}",
    ]
    if measurement.conditions_before.power_mode is not None:
        parts.append(f"power mode {measurement.conditions_before.power_mode}")
    return ", ".join(parts)


def _hottest(readings: tuple[Conditions, ...]) -> list[float]:
    return [max(zone.temperature_celsius for zone in item.temperatures) for item in readings if item.temperatures]


def inputs_text(inputs: tuple[GeneratedInput, ...]) -> str:
    """Name, type, shape and range of each input that the model was given; of the first few where there are many.

    Args:
        inputs: What it was given.
    """
    told = [f"{item.name} {item.element_type} {_shape_text(item)}, {_values_text(item)}" for item in inputs[:8]]
    more = [f"{len(inputs) - 8} more"] if len(inputs) > 8 else []
    return "; ".join([*told, *more]) or NOT_REPORTED


def _shape_text(item: GeneratedInput) -> str:
    return "x".join(map(str, item.sizes)) or "scalar"


def _values_text(item: GeneratedInput) -> str:
    if item.lowest_value is None or item.highest_value is None:
        return "given" if item.is_given else "normal"
    values = f"{item.lowest_value} to {item.highest_value}"
    return f"given, {values}" if item.is_given else values


def deciding_inputs_text(inputs: tuple[GeneratedInput, ...]) -> str:
    """A warning where the values of inputs decide what a model runs; empty where none do.

    Args:
        inputs: What the model was given.
    """
    deciding = [f"{item.name} ({', '.join(item.deciding_operators)})" for item in inputs if item.deciding_operators]
    if not deciding:
        return ""
    source = "given" if all(item.is_given for item in inputs if item.deciding_operators) else "generated"
    return (
        f"the values of {'; '.join(deciding[:8])} decide what runs: the latency holds for {source} values, others may "
        "take more or less time"
    )


def _range_text(values: list[float], unit: str) -> str:
    if not values:
        return NOT_REPORTED
    low, high = f"{min(values):.0f}", f"{max(values):.0f}"
    return f"{low} {unit}" if low == high else f"{low} to {high} {unit}"


def _start_text(measurement: Measurement) -> str:
    reached = {True: "reached", False: "not reached", None: "no temperature is reported"}
    limit = measurement.plan.start_temperature_celsius
    waited_s = measurement.waited_ms / 1_000
    return f"{limit:g} °C {reached[measurement.is_start_temperature_reached]}, waited {waited_s:.0f} s"


def _target_text(measurement: Measurement) -> str:
    target = f"± {measurement.plan.target_half_width:.1%}"
    evidence: dict[str, Evidence] = {item.name: item for item in measurement.verdict.evidence}
    if "interval_half_width" in evidence and not evidence["interval_half_width"].is_exceeded:
        return f"{target} reached"
    reasons = [text for name, text in WHY_NOT_NARROWER.items() if name in evidence and evidence[name].is_exceeded] or [
        "the runs scatter"
    ]
    needs = evidence.get("interval_needs_ms")
    if needs is None:
        return f"{target} not reached: time out before there were enough blocks"
    return (
        f"{target} not reached: {reasons[0]}; it would take about {needs.value / 1_000:.0f} s of runs, "
        f"the plan allows {needs.limit / 1_000:.0f} s"
    )
