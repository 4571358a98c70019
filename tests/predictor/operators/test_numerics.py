"""What predictions compute by themselves, so that they need not import SciPy, against SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import solve_triangular
from scipy.stats import t

from edgeprof_predictor.operators.student_t import interval_quantile
from edgeprof_predictor.operators.triangular import solve_lower


@pytest.mark.parametrize("degrees", [8.0, 8.5, 12.0, 40.0, 5_000.0])
def test_the_quantile_of_students_t(degrees: float) -> None:
    assert interval_quantile(degrees) == pytest.approx(t.ppf(0.95, degrees), abs=1e-5)


@pytest.mark.parametrize("size", [1, 63, 64, 300])
def test_solving_by_a_triangular_factor(size: int) -> None:
    random = np.random.default_rng(size)
    factor = np.linalg.cholesky(np.cov(random.standard_normal((size, 2 * size + 2))).reshape(size, size))
    right = random.standard_normal((size, 7))
    np.testing.assert_allclose(solve_lower(factor, right), solve_triangular(factor, right, lower=True), rtol=1e-8)
