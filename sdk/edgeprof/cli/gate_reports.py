"""What a gate found, for people and for the pipelines that ask: a sentence, JUnit XML, a summary in Markdown."""

from pathlib import Path
from xml.etree import ElementTree

from edgeprof.cli.plain_output import milliseconds, milliseconds_between
from edgeprof.errors import OutputFileError
from edgeprof.measuring.gate import Gate, GateOutcome
from edgeprof.output_files import write_file


def sentence(gate: Gate) -> str:
    """One sentence: what was asked, the answer, and the number that it rests on.

    Args:
        gate: The gate.
    """
    if gate.baseline:
        question = f"at most {gate.limit - 1:.1%} slower than {gate.baseline}"
        value = f"{gate.value:.3f} times its latency, {gate.lower:.3f} to {gate.upper:.3f}"
    else:
        question = f"within {milliseconds(gate.limit)}"
        value = f"{milliseconds(gate.value)}, {milliseconds_between(gate.lower, gate.upper)}"
    answer = {
        GateOutcome.PASSED: f"{gate.model} is {question}",
        GateOutcome.FAILED: f"{gate.model} is not {question}",
        GateOutcome.UNDECIDED: f"it cannot be told here whether {gate.model} is {question}",
    }[gate.outcome]
    count = gate.measurement_count
    return f"{answer}: {value} ({gate.level:.0%} interval of {count} measurement{'s' if count != 1 else ''})"


def write_junit(gate: Gate, path: Path, duration_s: float) -> None:
    """Write the gate as a test case of JUnit; undecided counts as a failure of another type.

    Args:
        gate: The gate.
        path: The file.
        duration_s: How long it took, in seconds.

    Raises:
        OutputFileError: If it cannot be written.
    """
    passed = gate.outcome is GateOutcome.PASSED
    suite = ElementTree.Element(
        "testsuite", name="edgeprof gate", tests="1", failures=str(int(not passed)), time=f"{duration_s:.1f}"
    )
    case = ElementTree.SubElement(
        suite, "testcase", classname=gate.platform.name, name=gate.model, time=f"{duration_s:.1f}"
    )
    if passed:
        ElementTree.SubElement(case, "system-out").text = sentence(gate)
    else:
        ElementTree.SubElement(case, "failure", type=gate.outcome.value, message=sentence(gate))
    write_file(path, ElementTree.tostring(suite, encoding="utf-8", xml_declaration=True))


def append_summary(gate: Gate, path: Path) -> None:
    """Append the gate to a summary in Markdown, as GitHub shows it beside a run.

    Args:
        gate: The gate.
        path: The file, for example that of `$GITHUB_STEP_SUMMARY`.

    Raises:
        OutputFileError: If it cannot be written.
    """
    text = f"### edgeprof gate: {gate.outcome.value}\n\n{sentence(gate)}, on `{gate.platform.name}`.\n\n"
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise OutputFileError(f"cannot append to {path} ({error.strerror}): name another file") from error
