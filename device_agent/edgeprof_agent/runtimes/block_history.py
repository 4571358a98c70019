"""The blocks of a measurement so far, in memory of a bounded size whatever their number."""

from dataclasses import replace

from edgeprof_proto.records.measurement import LatencyBlock

KEPT_RUN_COUNT = 2**18
"""Runs that are kept at most, 8 MB. Of more, every second one is kept, then every fourth, and so on: the quartiles of
so many runs do not change by leaving out half of them."""


class BlockHistory:
    """Blocks with a sample of their runs that is evenly spaced in time: all runs until they are too many."""

    def __init__(self) -> None:
        self.blocks: list[LatencyBlock] = []
        """The blocks in the order taken, each with at least its first run."""
        self.timed_ms = 0.0
        """Time of all timed runs, those left out included, in milliseconds."""
        self._run_count = 0
        self._stride = 1

    def add(self, block: LatencyBlock) -> None:
        """Add the next block, with every run."""
        if not block.is_warmup:
            self.timed_ms += sum(block.latency_ms)
        self._keep(block, self._stride)
        while self._run_count > KEPT_RUN_COUNT and self._run_count > len(self.blocks):
            self._stride *= 2
            kept, self.blocks, self._run_count = self.blocks, [], 0
            for earlier in kept:
                self._keep(earlier, 2)

    @property
    def timed_blocks(self) -> list[LatencyBlock]:
        """The blocks without the warm-ups."""
        return [block for block in self.blocks if not block.is_warmup]

    def _keep(self, block: LatencyBlock, stride: int) -> None:
        self.blocks.append(block if stride == 1 else replace(block, latency_ms=block.latency_ms[::stride]))
        self._run_count += len(self.blocks[-1].latency_ms)
