"""What `edgeprof onboard` prints of an onboarding."""

from typing import TYPE_CHECKING

from edgeprof.cli.console import plain_table, print_facts, print_table
from edgeprof.cli.plain_output import milliseconds, milliseconds_between

if TYPE_CHECKING:
    from edgeprof.onboarding import OnboardingReport


def print_report(report: "OnboardingReport") -> None:
    """Print the samples, the figures and the times of an onboarding."""
    latencies = [latency_ms for _, latency_ms, _ in report.samples]
    _print_samples(report)
    print_facts(
        f"{report.platform}, {report.space}",
        {
            "samples": f"{len(latencies)}, {milliseconds_between(min(latencies), max(latencies))}"
            + f"; {report.disturbed_count} measured more than twice, {report.unconverged_count} not converged",
            "anchor": f"measured again {report.anchor_check_count} times",
            "failed": f"{len(report.failures)}" if report.failures else "none",
            "method": report.method,
            **({} if report.operators else {"hardware embedding from": _source_text(report)}),
            **_sources_that_count(report),
            **_operators(report),
            "chosen": report.choice,
            "intervals from": report.interval_origin,
            "error by sample": ", ".join(f"{status.expected.error:.1%}" for status in report.history),
            "final status": str(report.history[-1]),
            "stopped because": report.stop_reason,
            **({"causes of the error": str(report.error_diagnosis)} if report.error_diagnosis else {}),
        },
    )
    _print_comparison(report)
    total_s = sum(report.seconds_by_step.values())
    print_facts(
        f"time: {total_s:.1f} s, {report.measuring_share:.0%} of it in warm-up and timed runs",
        {name: f"{seconds:.1f} s" for name, seconds in report.seconds_by_step.items()},
    )


def _source_text(report: "OnboardingReport") -> str:
    from edgeprof_predictor.methods.onboarding_method import DEFAULT_METHOD

    if not report.has_sources:
        return "none: no platform is known that this space was measured on; the prior is costs alone"
    if not report.source_platform and report.method != DEFAULT_METHOD:
        return "none: the method starts from no other platform"
    if not report.source_platform:
        return "the mean of all sources: two samples are needed to tell which is like this device"
    return (
        f"{report.source_platform}, the best correlated of all sources over the samples "
        f"({report.source_correlation:.2f})"
    )


def _sources_that_count(report: "OnboardingReport") -> dict[str, str]:
    if not report.sources:
        return {}
    named = [
        f"{use.platform} {use.share:.0%}" + ("" if use.trust == 1 else f" (trust {use.trust:.2f})")
        for use in report.sources
    ]
    return {"sources that count": ", ".join(named)}


def _operators(report: "OnboardingReport") -> dict[str, str]:
    if not report.operators:
        return {}
    errors, others = (
        [f"{name} {error:.1%}" for name, error in found.items()] for found in (report.contributions, report.others)
    )
    return {
        "operators": report.operators,
        **({"error of the samples by": ", with the ".join(errors)} if errors else {}),
        **({"and without operators by": ", ".join(others)} if others else {}),
    }


def _print_comparison(report: "OnboardingReport") -> None:
    if not report.comparison:
        return
    table = plain_table("each sample predicted from the others")
    for heading in ("method", "median error", "rank correlation", "inside 90 % interval"):
        table.add_column(heading, justify="left" if heading == "method" else "right")
    for score in report.comparison:
        table.add_row(
            score.method, f"{score.median_error:.1%}", f"{score.spearman:.3f}", f"{score.interval_coverage:.0%}"
        )
    print_table(table)


def _print_samples(report: "OnboardingReport") -> None:
    table = plain_table()
    for heading in ("sample", "measured", "estimate"):
        table.add_column(heading, no_wrap=True)
    table.add_column("architecture", overflow="fold")
    for number, (architecture, latency_ms, is_converged) in enumerate(report.samples, start=1):
        name = "1 (anchor)" if number == 1 else str(number)
        table.add_row(name, milliseconds(latency_ms), "converged" if is_converged else "not converged", architecture)
    print_table(table)
