"""Why a platform is hard to predict, and how many more samples would bring the error down."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import Final

from edgeprof_predictor.explanations.similarity import similar_platforms
from edgeprof_predictor.methods.base import PlatformPredictor
from edgeprof_predictor.methods.default.predictor import DefaultPredictor
from edgeprof_predictor.spaces import ChoiceArray

LIKE_CORRELATION: Final = 0.9
"""Correlation from which a source counts as similar. On published platforms, five or more samples reach it where a
similar source exists and hardly ever where none does; with fewer samples any source may."""

LOOKAHEAD_COUNT: Final = 50
"""Most further samples that are considered; more are reported as out of reach."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorDiagnosis:
    """Why the expected error is above the wanted one, and how many samples are missing.

    Args:
        sample_count: Samples so far.
        has_sources: Whether the space was measured on any other platform.
        source_platform: The source that correlates best over them; None with too few samples.
        source_correlation: Its correlation; 0 where there is none.
        correlation_lower: In 95 % of cases the correlation over all architectures is above; None where not known.
        wanted_error: Median relative error to stay below.
        more_sample_count: Further samples until that is expected; None where `LOOKAHEAD_COUNT` are not enough.
    """

    sample_count: int
    has_sources: bool
    source_platform: str | None
    source_correlation: float
    correlation_lower: float | None
    wanted_error: float
    more_sample_count: int | None

    def __str__(self) -> str:
        """Return the reason and what would help, in one line."""
        return f"{self._reason()}; {self._remedy()}"

    def _reason(self) -> str:
        if not self.has_sources:
            return "no platform is known that this search space was measured on"
        if self.source_platform is None:
            return "the samples are too few to find a similar known platform"
        evidence = f"over {self.sample_count} samples"
        if self.correlation_lower is not None:
            evidence += f"; over all networks {self.correlation_lower:.2f} or more"
        if self.source_correlation < LIKE_CORRELATION:
            return f"correlates with no known platform above {self.source_correlation:.2f} ({evidence})"
        return f"correlates with {self.source_platform} at {self.source_correlation:.2f} ({evidence})"

    def _remedy(self) -> str:
        # The expected error alone may be below it already.
        wanted = f"the upper end of the expected error below {self.wanted_error:.1%}"
        if self.more_sample_count is None:
            return f"even {LOOKAHEAD_COUNT} more samples are not expected to bring {wanted}"
        noun = "sample" if self.more_sample_count == 1 else "samples"
        return f"{self.more_sample_count} more {noun} should bring {wanted}"


def diagnose_error(
    predictor: PlatformPredictor, candidates: ChoiceArray, *, sample_count: int, wanted_error: float
) -> ErrorDiagnosis | None:
    """Return why the expected error is above the wanted one; None where it is not.

    Args:
        predictor: Adapted to the samples so far.
        candidates: Architectures that could be measured: `n x l`.
        sample_count: Samples so far.
        wanted_error: Median relative error; reached when the expected error's upper end is.
    """
    expected = predictor.expectation
    if expected.upper <= wanted_error:
        return None

    def closeness(count: int) -> float:
        share = predictor.error_after(candidates, count) / expected.error
        # The width of the evidence in logarithms is assumed to shrink in proportion to the error.
        upper: float = expected.error * share * (expected.upper / expected.error) ** share
        return -upper

    more = 1 + bisect_left(range(1, LOOKAHEAD_COUNT + 1), -wanted_error, key=closeness)
    correlation = predictor.source_correlation if predictor.source_platform is not None else 0.0
    return ErrorDiagnosis(
        sample_count=sample_count,
        has_sources=predictor.has_sources,
        source_platform=predictor.source_platform,
        source_correlation=correlation,
        correlation_lower=_correlation_lower(predictor),
        wanted_error=wanted_error,
        more_sample_count=more if more <= LOOKAHEAD_COUNT else None,
    )


def _correlation_lower(predictor: PlatformPredictor) -> float | None:
    """Return what the source's correlation over all architectures hardly falls below.

    The source is the best of many over few samples, so it correlates worse over all architectures; the model, which
    knows that samples tell little, is asked. None where no source was found, or another method predicts.
    """
    if not isinstance(predictor, DefaultPredictor) or predictor.source_platform is None:
        return None
    return next(one.lower for one in similar_platforms(predictor) if one.platform == predictor.source_platform)
