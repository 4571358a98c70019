"""The published tables of zero-cost proxies, and networks as their authors scored them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from published_data import DATA_FOLDER
from torch import Tensor, nn

from edgeprof_predictor.errors import ArchitectureError
from edgeprof_predictor.proxies import canonical_name, draw_weights
from edgeprof_predictor.spaces import SPACE_NAMES, Architecture, FloatArray, SearchSpace, get_space

CLASS_COUNTS: Final = {"cifar10": 10, "cifar100": 100, "ImageNet16-120": 120}
IMAGE_SIDES: Final = {"ImageNet16-120": 16}
SMALLER_SIDE: Final = 64
"""Images of TransNAS-Bench-101 have 256 pixels a side, for which a processor takes minutes and gigabytes an
architecture; flops are counted at the published size."""

SMALLER_BATCH_SIZE: Final = 8
"""For tasks whose output is an image, or whose input is nine tiles."""

SUITE_BATCH_SIZE: Final = 32
FBNET_BATCH_SIZE: Final = 16
"""Source: jacov is minus the batch size where images are unlike each other; the tables hold about -32 and -16."""

REASONS: Final = {
    "plain": "weights before a normalisation add exactly 0, which leaves the last layer: noise of start and batch",
    "grasp": "a second derivative of few images, of either sign: it changes with start and batch",
    "epe-nas": "depends on which images of the batch share a class; ours are noise and have nothing in common",
    "jacov": "differs between networks by less than between batches, but for the few that collapse",
    "nwot": "real images are alike, random ones are not: they excite the same rectifiers less often",
    "fisher": "activations under random images and labels, in place of real ones",
}


@dataclass(frozen=True, slots=True, eq=False)
class PublishedTable:
    """Scores of one task.

    Args:
        name: `SPACE/TASK`, or `fbnet`.
        space: The search space, for the classes or the task of the table.
        whole_space: The same at the published image size.
        texts: The architectures as the table has them; choices where it holds integers.
        proxies: The columns.
        scores: The table.
        input_shape: Of one image.
        batch_size: Images of a batch.
    """

    name: str
    space: SearchSpace
    whole_space: SearchSpace
    texts: NDArray[np.generic]
    proxies: tuple[str, ...]
    scores: FloatArray
    input_shape: tuple[int, ...]
    batch_size: int

    @property
    def whole_input_shape(self) -> tuple[int, ...]:
        """Shape of an image at the published size."""
        return self.input_shape if self.space is self.whole_space else self.whole_space.input_shape

    @property
    def count(self) -> int:
        """Number of architectures."""
        return len(self.texts)

    def architecture(self, row: int) -> Architecture:
        """Return an architecture of the table."""
        if self.texts.dtype.kind != "U":
            return self.space.architectures(self.texts[row : row + 1])[0]
        return self.space.parse_row(str(self.texts[row]))

    def column(self, proxy: str) -> FloatArray:
        """Return the scores of a proxy."""
        return self.scores[:, [canonical_name(name) for name in self.proxies].index(proxy)]


def published_tables() -> Iterator[PublishedTable]:
    """Yield every table whose search space exists and can parse its architectures."""
    with np.load(DATA_FOLDER / "accuracy_and_zcp.npz", allow_pickle=False) as archive:
        for key in (name.removesuffix("/arch") for name in archive.files if name.endswith("/arch")):
            spaces = _spaces(*key.split("/"))
            if spaces is None:
                continue
            space, whole_space = spaces
            is_large = len(space.output_shape) > 1 or space.input_shape[0] > 3
            side = IMAGE_SIDES.get(key.split("/")[1], space.input_shape[1])
            table = PublishedTable(
                name=key,
                space=space,
                whole_space=whole_space,
                texts=archive[f"{key}/arch"],
                proxies=tuple(archive[f"{key}/proxy"].tolist()),
                scores=archive[f"{key}/score"].astype(np.float64),
                input_shape=(space.input_shape[0], side, side),
                batch_size=SMALLER_BATCH_SIZE if is_large else SUITE_BATCH_SIZE,
            )
            try:
                table.architecture(0)
            except (ArchitectureError, AttributeError):
                continue
            yield table
    with np.load(DATA_FOLDER / "zcp_fbnet.npz", allow_pickle=False) as archive:
        space = get_space("fbnet")
        yield PublishedTable(
            name="fbnet",
            space=space,
            whole_space=space,
            texts=archive["arch"],
            proxies=tuple(archive["proxy"].tolist()),
            scores=archive["score"].astype(np.float64),
            input_shape=space.input_shape,
            batch_size=FBNET_BATCH_SIZE,
        )


def network_as_published(table: PublishedTable, row: int, *, seed: int, is_whole: bool = False) -> nn.Module:
    """Build a network with weights drawn as its authors did, edges that carry nothing included.

    Args:
        table: The table.
        row: Which of its architectures.
        seed: Of the weights.
        is_whole: True for images of the published size.
    """
    architecture = table.architecture(row)
    space = table.whole_space if is_whole else table.space
    network = draw_weights(space.build(architecture, seed=seed), seed=seed)
    if table.space.name == "fbnet":
        _draw_as_fbnet(network, seed=seed)
    if table.space.name == "nasbench201":
        _run_all_edges(network, architecture)
    return network


def reason_for(proxy: str, between_seeds: float) -> str:
    """Return why a proxy agrees with its table less than 0.8."""
    if math.isnan(between_seeds):
        return "Ours is not available in one of the seeds, or the same for all: for epe-nas no class has two images."
    noise = f"Two seeds of ours agree to {between_seeds:.3f}" + (
        ", so much of it is chance" if between_seeds < 0.8 else ""
    )
    return f"{noise}; {REASONS[proxy]}." if proxy in REASONS else f"{noise}."


class _Nothing(nn.Module):
    """The operation `none`, which published networks run."""

    def forward(self, features: Tensor) -> Tensor:
        return features * 0.0


def _run_all_edges(network: nn.Module, architecture: Architecture) -> None:
    from edgeprof_predictor.spaces.nasbench201.geometry import NONE

    for part in network.modules():
        if isinstance(getattr(part, "edges", None), nn.ModuleList):
            part.is_live = (True,) * len(architecture.choices)
            for index, choice in enumerate(architecture.choices):
                if choice == NONE:
                    part.edges[index] = _Nothing()


def _draw_as_fbnet(network: nn.Module, *, seed: int) -> None:
    """Draw weights as the authors of the FBNet table did.

    Source:
        Found by comparison: with these, l2_norm and synflow of the table come out to three digits.
    """
    generator = torch.Generator().manual_seed(seed)
    for part in network.modules():
        if isinstance(part, nn.Conv2d):
            nn.init.kaiming_normal_(part.weight, mode="fan_out", nonlinearity="relu", generator=generator)
        if isinstance(part, nn.Linear):
            nn.init.normal_(part.weight, std=0.001, generator=generator)
            nn.init.zeros_(part.bias)


def _spaces(table: str, task: str) -> tuple[SearchSpace, SearchSpace] | None:
    """Return the search space of a task, at a size that is scored in seconds and at the published one."""
    if table not in SPACE_NAMES:
        return None
    kind = type(get_space(table))
    if table.startswith("transnas"):
        return kind(task, side=SMALLER_SIDE), kind(task)
    space = kind(CLASS_COUNTS[task])
    return space, space
