"""Puts a result together: the agent sends the runs as events, block by block, and last what was made of them."""

from dataclasses import replace

from edgeprof_proto.records.job import JobEvent, JobState, ModelResult
from edgeprof_proto.records.measurement import LatencyBlock, Measurement
from edgeprof_proto.records.packed_runs import packed


class ResultAssembly:
    """The blocks of a job's last attempt, long ones packed: about 3 bytes for each run."""

    def __init__(self) -> None:
        self._blocks: list[LatencyBlock] = []

    def add(self, event: JobEvent) -> JobEvent:
        """Take the next event of the job.

        Args:
            event: The event, each of the job's in order.

        Returns:
            The event; a measurement that came without its blocks has them.
        """
        payload = event.event
        if payload is JobState.RUNNING:
            # Blocks of an attempt that was interrupted do not count.
            self._blocks.clear()
        elif isinstance(payload, LatencyBlock):
            self._blocks.append(replace(payload, latency_ms=packed(payload.latency_ms)))
        elif isinstance(payload, Measurement) and not payload.blocks:
            return replace(event, event=replace(payload, blocks=tuple(self._blocks)))
        elif isinstance(payload, ModelResult):
            blocks, self._blocks = tuple(self._blocks), []
            if payload.measurement is not None:
                measurement = replace(payload.measurement, blocks=blocks)
                return replace(event, event=replace(payload, measurement=measurement))
        return event
