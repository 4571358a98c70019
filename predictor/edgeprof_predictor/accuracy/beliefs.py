"""What the default accuracy predictor takes for granted before it has seen any source: a handful of constants."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Beliefs:
    """Constants of the default method, for accuracies and scores of variance 1.

    `python -m benchmarks.accuracy.nested` chooses others, drawn at random, without the task that is scored.

    Args:
        weight_variance: Variance of each of a proxy's two weights between tasks, which the sources' own correct.
        smooth: Variance of what is a smooth function of all proxies.
        length: Of the smooth function, in standard deviations of a score.
        decisions: Variance of what decisions explain and proxies do not.
        decisions_length: Share of decisions that must differ for the correlation to fall to 1/e.
        source_noise: Variance of a source's accuracy that nothing explains.
        task_shares: Share of a task's variance that it does not have in common with the tasks of its space, one
            hypothesis each. One more is always there: 1, the other tasks of the space say nothing.
        noises: Variance of the target's accuracy that nothing explains, one hypothesis each.
        degrees: Degrees of freedom of the scale of all these variances, which the trained networks correct.
        interval_factor: On the deviations of an interval, so that nine tenths of accuracies lie inside.
    """

    weight_variance: float = 0.02
    smooth: float = 0.8
    length: float = 4.0
    decisions: float = 0.4
    decisions_length: float = 1.0
    source_noise: float = 0.2
    task_shares: tuple[float, ...] = (0.2, 0.5)
    noises: tuple[float, ...] = (0.1, 0.3, 0.8)
    degrees: float = 4.0
    interval_factor: float = 1.0


BELIEFS: Final = Beliefs()
"""Those of the default method."""
