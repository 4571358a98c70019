"""Decide exactly whether a matrix of integers is singular.

Floating-point elimination leaves the sign of a determinant of 0 to rounding, which differs between processors. Here the
determinant is computed modulo primes: it is 0 if and only if it is 0 modulo primes whose product exceeds its largest
possible size.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

_PRIMES_BELOW: Final = 2**31
"""Products of two remainders then fit into 63 bits."""

_WITNESSES: Final = (2, 3, 5, 7)
"""Bases of the Miller-Rabin test that are exact below 3.2e9. Source: Jaeschke, Math. Comp. 61 (1993)."""


def is_singular(matrix: NDArray[np.int64]) -> bool:
    """Return whether the determinant of a square matrix of integers is 0; no rounding is involved.

    A regular matrix is nearly always recognised with the first prime. A singular one needs as many primes as the
    Hadamard bound asks for, about one for each 31 bits of it.
    """
    if len(np.unique(matrix, axis=0)) < len(matrix):
        return True
    # Hadamard: |det|^2 is at most the product of the squared lengths of the rows; Python's integers do not overflow.
    bound_squared = math.prod(sum(value * value for value in row) for row in matrix.tolist())
    modulus = 1
    for prime in _primes():
        if modulus * modulus > bound_squared:
            return True
        if not _is_singular_modulo(matrix, prime):
            return False
        modulus *= prime
    raise AssertionError("the primes below 2^31 were exhausted")


def _is_singular_modulo(matrix: NDArray[np.int64], prime: int) -> bool:
    """Return whether the determinant is a multiple of `prime`, by Gaussian elimination in its field."""
    rest = matrix % prime
    while len(rest):
        candidates = np.flatnonzero(rest[:, 0])
        if not len(candidates):
            return True
        pivot = rest[candidates[0]]
        others = np.delete(rest, candidates[0], axis=0)
        factors = others[:, 0] * pow(int(pivot[0]), -1, prime) % prime
        rest = (others[:, 1:] - factors[:, None] * pivot[1:] % prime) % prime
    return False


def _primes() -> Iterator[int]:
    """Yield the primes below 2^31, the largest first."""
    return (number for number in range(_PRIMES_BELOW - 1, 2, -2) if _is_prime(number))


def _is_prime(number: int) -> bool:
    """Return whether an odd number above 7 and below 3.2e9 is a prime (Miller-Rabin)."""
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for witness in _WITNESSES:
        power = pow(witness, odd, number)
        if power in (1, number - 1):
            continue
        for _ in range(twos - 1):
            power = power * power % number
            if power == number - 1:
                break
        else:
            return False
    return True
