"""Which scores of earlier runs are taken again."""

from __future__ import annotations

from pathlib import Path

import edgeprof_predictor
from edgeprof_predictor.proxies.cache import formula_files


def test_scores_depend_on_the_formulas_and_on_the_networks_of_every_search_space() -> None:
    package = Path(edgeprof_predictor.__file__).parent
    known = {file.relative_to(package).as_posix() for file in formula_files()}
    networks = {file.relative_to(package).as_posix() for file in package.glob("spaces/*/network.py")}
    assert len(networks) == 5
    assert networks | {"proxies/zen.py", "spaces/layers.py"} <= known
