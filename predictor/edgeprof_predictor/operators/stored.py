"""An operator model as named arrays and a JSON document, for the file of a profile.

What was measured is stored with the hyper-parameters (`stored_networks`), and what was learned from it
(`stored_posterior`): conditioning on it again takes seconds. Version 2 held the first alone, and is conditioned again
when it is loaded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.errors import OperatorModelError
from edgeprof_predictor.operators.blend import BlendedModel
from edgeprof_predictor.operators.hyperparameters import Hyperparameters
from edgeprof_predictor.operators.model import OperatorModel
from edgeprof_predictor.operators.stored_networks import networks_of_parts, networks_to_parts, undamaged
from edgeprof_predictor.operators.stored_posterior import AnyModel, model_of_posterior, posterior_parts
from edgeprof_predictor.operators.totals import TotalsModel

VERSION: Final = 3
READABLE_VERSIONS: Final = (2, VERSION)

KINDS: Final[dict[str, type[BlendedModel] | type[OperatorModel] | type[TotalsModel]]] = {
    "both": BlendedModel,
    "operators": OperatorModel,
    "totals": TotalsModel,
}
"""What a model was learned from, as stored."""


def to_parts(model: AnyModel) -> tuple[dict[str, NDArray[np.generic]], dict[str, Any]]:
    """Return arrays and document of a model."""
    tensors, measured = networks_to_parts(model.networks)
    learned, described = posterior_parts(model)
    document = {
        "version": VERSION,
        "learned": described,
        "learned_from": next(name for name, kind in KINDS.items() if isinstance(model, kind)),
        **measured,
        "hyperparameters": model.hyper.to_json(),
    }
    return tensors | learned, document


def from_parts(tensors: Mapping[str, NDArray[np.generic]], document: Mapping[str, Any]) -> AnyModel:
    """Return the model of arrays and a document.

    Raises:
        OperatorModelError: If they are damaged or of another version.
    """
    with undamaged():
        if document["version"] not in READABLE_VERSIONS:
            raise OperatorModelError(
                f"the operator model is of version {document['version']!r}, this release reads 2 and {VERSION}; "
                "use the release that wrote it or onboard the device again"
            )
        networks, filled_count = networks_of_parts(tensors, document)
        hyper = Hyperparameters.from_json(document["hyperparameters"])
        kind = KINDS[document["learned_from"]]
        if "learned" in document:
            return model_of_posterior(kind, tensors, document["learned"], networks, filled_count, hyper)
    return kind.fit(networks, hyper)
