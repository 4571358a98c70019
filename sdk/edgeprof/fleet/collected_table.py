"""The table of a collection: a row for each network and platform, as `import_table` and `fit` read it."""

import csv
import io
import math
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from threading import Lock

from edgeprof.devices.pairings import NamedDevice
from edgeprof.fleet.collection_part import CollectedNetwork, CollectedPart
from edgeprof.measuring.anchor import SLOWER_LOG_RATIO
from edgeprof.output_files import write_file
from edgeprof.store.platform import Platform

COLUMNS = ("platform", "architecture", "latency_ms", "relative_sd", "is_converged", "anchor_ratio", "device_name")

PAUSE_RATIO = 50.0
"""Pause after the file was written, in times of the writing: a table of hundreds of thousands of rows takes seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectedPlatform:
    """What is collected of one platform.

    Args:
        name: The device's name on this host with the setting: boards of one kind call themselves alike.
        device: The device.
        parts: Its parts so far.
    """

    name: str
    device: NamedDevice
    parts: tuple[CollectedPart, ...] = ()

    def networks(self) -> dict[str, tuple[CollectedNetwork, float | None]]:
        """Each network by its architecture, with the latency of the anchor in its part, relative to the fastest part.

        The anchor is in every part: its fastest estimate counts, as within a session.
        """
        fastest = min((part.anchor_ms for part in self.parts if part.anchor_ms is not None), default=0.0)
        found: dict[str, tuple[CollectedNetwork, float | None]] = {}
        for part in self.parts:
            ratio = None if part.anchor_ms is None else part.anchor_ms / fastest
            for network in part.networks:
                before = found.get(network.architecture)
                if before is None or network.latency_ms < before[0].latency_ms:
                    found[network.architecture] = (network, ratio)
        return found

    def drifted_count(self) -> int:
        """Count the networks of parts in which the anchor was slower than elsewhere, or could not be measured."""
        ratios = [ratio for _, ratio in self.networks().values()]
        return sum(ratio is None or math.log(ratio) > SLOWER_LOG_RATIO for ratio in ratios)


class CollectedTable:
    """Takes parts from several threads, and writes what there is now and then, and at the end of a `with` block.

    Args:
        path: The file.
        architectures: Texts of all architectures, in the order of the rows.
    """

    def __init__(self, path: str | os.PathLike[str], architectures: Sequence[str]) -> None:
        self._path = path
        self._architectures = architectures
        self._lock = Lock()
        self._platforms: dict[str, CollectedPlatform] = {}
        self._next_write_s = 0.0

    def add(self, device: NamedDevice, platform: Platform, part: CollectedPart) -> CollectedPlatform:
        """Take what came of a part, and write the file anew unless that was done a moment ago.

        Args:
            device: The device.
            platform: It with its setting.
            part: The part.

        Returns:
            What is collected of the platform by now.

        Raises:
            OutputFileError: If the file cannot be written.
        """
        name = replace(platform, device_name=device.name).name
        with self._lock:
            before = self._platforms.get(name, CollectedPlatform(name=name, device=device))
            self._platforms[name] = replace(before, parts=(*before.parts, part))
            if (begin_s := time.monotonic()) >= self._next_write_s:
                self._write()
                self._next_write_s = time.monotonic() + PAUSE_RATIO * (time.monotonic() - begin_s)
            return self._platforms[name]

    def __enter__(self) -> "CollectedTable":
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._write()

    def complete(self) -> tuple[str, ...]:
        """Return the architectures of the file: those that were measured on every platform of which there is any."""
        if not self._platforms:
            return ()
        measured = [item.networks() for item in self._platforms.values()]
        return tuple(text for text in self._architectures if all(text in networks for networks in measured))

    def _write(self) -> None:
        if self.complete():  # a table without a row would take the place of one that was written before
            write_file(self._path, self._content().encode())

    def _content(self) -> str:
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS)
        complete = self.complete()
        for item in self._platforms.values():
            networks = item.networks()
            for architecture in complete:
                network, ratio = networks[architecture]
                figures = (f"{network.latency_ms:.6g}", f"{network.relative_sd:.4g}", network.is_converged)
                ratio_text = "" if ratio is None else f"{ratio:.4g}"
                writer.writerow((item.name, architecture, *figures, ratio_text, item.device.name))
        return text.getvalue()
