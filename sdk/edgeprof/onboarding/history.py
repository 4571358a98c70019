"""History of an onboarding in the store: the status after each number of samples, and the decision to stop.

An onboarding that was interrupted reads it, so that it reports and decides what an undisturbed one does.
"""

from edgeprof.measuring.goal import Goal, OnboardingStatus
from edgeprof.store import SessionRecord, SessionStatus, Store
from edgeprof_predictor.methods.expected_error import ExpectedError
from edgeprof_proto.record_json import to_json


class OnboardingHistory:
    """Statuses and decision of one onboarding.

    Args:
        store: Where they are written.
        session: The onboarding's session.
    """

    def __init__(self, store: Store, session: SessionRecord) -> None:
        self._store = store
        self._session = session
        self._written = {item.sample_count: item for item in store.statuses(session)}
        last = max(self._written.values(), key=lambda item: item.sequence, default=None)
        self.elapsed_before_s: float = 0.0 if last is None else _status(last).elapsed_s
        """Seconds that earlier processes spent on this onboarding."""

    @property
    def sequence(self) -> int:
        """Number of the last outcome that a status takes into account; 0 before there is one."""
        return max((item.sequence for item in self._written.values()), default=0)

    def status(self, sample_count: int) -> OnboardingStatus | None:
        """The status with this number of samples; None where there is none."""
        written = self._written.get(sample_count)
        return None if written is None else _status(written)

    def statuses(self) -> tuple[OnboardingStatus, ...]:
        """All statuses, by the number of samples."""
        return tuple(_status(written) for _, written in sorted(self._written.items()))

    def record_status(self, status: OnboardingStatus, sequence: int) -> None:
        """Write a status; it replaces an earlier one with as many samples.

        Args:
            status: The status.
            sequence: Number of the last outcome that it takes into account.
        """
        written = SessionStatus(sample_count=status.sample_count, sequence=sequence, record=to_json(status))
        self._store.record_status(self._session, written)
        self._written[status.sample_count] = written

    def reason_to_stop(self, goal: Goal) -> str | None:
        """The reason for which the onboarding has decided to stop; None where it goes on.

        A decision under another goal does not count: the same onboarding may be resumed with more samples.
        """
        decision = self._store.decision(self._session)
        return None if decision is None or decision["goal"] != to_json(goal) else str(decision["reason"])

    def record_stop(self, goal: Goal, reason: str) -> None:
        """Write the decision to stop."""
        self._store.record_decision(self._session, {"goal": to_json(goal), "reason": reason})


def _status(written: SessionStatus) -> OnboardingStatus:
    record = written.record
    return OnboardingStatus(**{**record, "expected": ExpectedError(**record["expected"])})
