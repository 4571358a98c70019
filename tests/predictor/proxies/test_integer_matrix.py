"""Whether a matrix of integers is singular is decided without rounding."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from edgeprof_predictor.proxies.integer_matrix import is_singular


def _determinant(rows: list[list[int]]) -> Fraction:
    """Gaussian elimination over fractions."""
    rest = [[Fraction(value) for value in row] for row in rows]
    determinant = Fraction(1)
    while rest:
        pivot = next((row for row in rest if row[0]), None)
        if pivot is None:
            return Fraction(0)
        determinant *= pivot[0]
        others = [row for row in rest if row is not pivot]
        rest = [[value - row[0] / pivot[0] * top for value, top in zip(row, pivot, strict=True)][1:] for row in others]
    return determinant


def test_small_matrices_are_judged_as_fractions_judge_them() -> None:
    generator = np.random.default_rng(0)
    matrices = [generator.integers(-3, 4, size=(size, size)) for size in (1, 2, 3, 4) for _ in range(100)]
    judged = [is_singular(matrix) for matrix in matrices]
    assert judged == [_determinant(matrix.tolist()) == 0 for matrix in matrices]
    assert 20 < sum(judged) < 380


@pytest.mark.parametrize(("size", "rank"), [(8, 7), (40, 39), (40, 40), (40, 12), (64, 63)])
def test_products_of_known_rank(size: int, rank: int) -> None:
    generator = np.random.default_rng(size + rank)
    left = np.eye(size, rank, dtype=np.int64) + np.tril(generator.integers(-50, 50, size=(size, rank)), -1)
    mixed = generator.permutation(left @ left.T)
    assert is_singular(mixed) == (rank < size)


def test_a_determinant_that_is_a_multiple_of_the_first_prime_is_not_taken_for_zero() -> None:
    assert not is_singular(np.diag(np.array([2**31 - 1, 1, 1])))
    assert not is_singular(np.diag(np.array([2**31 - 1, 2**31 - 19, 3])))


def test_a_determinant_of_one_among_large_numbers_is_not_zero() -> None:
    matrix = np.array([[10**9, 10**9 + 1], [10**9 - 1, 10**9]])
    assert np.linalg.det(matrix) != 1
    assert not is_singular(matrix)
    assert is_singular(np.array([[10**9, 10**9], [10**9 + 1, 10**9 + 1]]))
