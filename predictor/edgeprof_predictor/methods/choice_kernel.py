"""How much two architectures have in common by their choices."""

from edgeprof_predictor.spaces import FloatArray


def choice_kernel(shared_count: FloatArray, decision_count: int) -> FloatArray:
    """Return the share of equal choices and of equal pairs of choices, in equal parts: 1 for the same architecture.

    Args:
        shared_count: Number of equal choices of each two architectures, as the product of their one-hot encodings.
        decision_count: Number of choices of an architecture.

    Shapes:
        shared_count: `n x n'`.  returns: `n x n'`.
    """
    pairs = shared_count * (shared_count - 1) / max(decision_count * (decision_count - 1), 1)
    kernel: FloatArray = 0.5 * shared_count / decision_count + 0.5 * pairs
    return kernel
