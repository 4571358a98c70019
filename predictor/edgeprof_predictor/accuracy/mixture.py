"""A mixture of posteriors of one target, weighed by the marginal likelihood of the networks trained on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.accuracy.ordering import latent_accuracies, normal_accuracies
from edgeprof_predictor.accuracy.target import TargetPosterior
from edgeprof_predictor.accuracy.task import Trained
from edgeprof_predictor.metrics import spearman
from edgeprof_predictor.spaces import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LatentPrediction:
    """Normal accuracies of `n` candidates, and those of the `k` trained ones that they rest on.

    Shapes:
        mean: `n`.  sd: `n`, noise included.  latent: `k`.
    """

    mean: FloatArray
    sd: FloatArray
    latent: FloatArray


class Mixture:
    """Posteriors of one target under several hypotheses.

    They differ in how much the sources of the target's own space are believed, and in the noise. The first trained
    networks lower the weight of those that did not expect them.

    Letters: `n` candidates, `k` trained networks.

    Args:
        posteriors: At least one; the first relies most on the sources.
    """

    def __init__(self, posteriors: Sequence[TargetPosterior]) -> None:
        self.posteriors: Final = tuple(posteriors)

    @property
    def count(self) -> int:
        """Number of candidates: `n`."""
        return self.posteriors[0].count

    @property
    def noise(self) -> float:
        """Variance that no kernel explains, the mean over the posteriors."""
        return float(np.mean([posterior.noise for posterior in self.posteriors]))

    def predict(self, trained: Trained) -> LatentPrediction:
        """Return accuracies expected of all candidates; by the sources alone where none is trained."""
        if not trained.count:
            first = self.posteriors[0]
            return LatentPrediction(mean=first.mean, sd=np.sqrt(first.variance + first.noise), latent=np.zeros(0))
        latents = [latent_accuracies(posterior, trained.indices, trained.accuracy) for posterior in self.posteriors]
        weights = self._weights(trained)
        parts = [
            posterior.learn(trained.indices, latent) for posterior, latent in zip(self.posteriors, latents, strict=True)
        ]
        means, variances = (np.stack(rows) for rows in zip(*parts, strict=True))
        mean: FloatArray = weights @ means
        spread = weights @ (variances + (means - mean) ** 2)
        return LatentPrediction(mean=mean, sd=np.sqrt(spread), latent=weights @ np.stack(latents))

    def prior_correlation(self, trained: Trained) -> float:
        """Return the rank correlation of accuracies expected from the sources with those of the trained networks."""
        return spearman(trained.accuracy, self.posteriors[0].mean[trained.indices])

    def _weights(self, trained: Trained) -> FloatArray:
        """Return the weight of each posterior.

        All are scored on the accuracies that were observed, and none on those that a posterior placed: they
        would favour the posterior that placed them.
        """
        observed = normal_accuracies(trained.accuracy)
        log_likelihood = np.array(
            [posterior.log_marginal_likelihood(trained.indices, observed) for posterior in self.posteriors]
        )
        shares = np.exp(log_likelihood - log_likelihood.max())
        found: FloatArray = shares / shares.sum()
        return found

    def covariance(self, indices: NDArray[np.int64]) -> FloatArray:
        """Return the mean of the posteriors' covariances of some candidates, before any is trained: `k` to `k x k`."""
        found: FloatArray = np.mean([posterior.covariance(indices) for posterior in self.posteriors], axis=0)
        return found
