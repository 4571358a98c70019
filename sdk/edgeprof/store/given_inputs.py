"""Shapes and values of inputs that a measurement was given: a part of what its platform is.

The same model takes other times with other shapes, and may with other values: what was measured with given ones is not
put together with what was measured with generated ones.
"""

import hashlib
import json
from dataclasses import dataclass

from edgeprof_proto.record_json import to_json
from edgeprof_proto.records.job_spec import InputShape, JobSpec

_MAX_NAME_LENGTH = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenInputs:
    """What the host gave instead of what would be generated; false where that is nothing.

    Args:
        shapes: Shapes of inputs and sizes of open dimensions, kept in the order of their names.
        values_sha256: Hash of the archive of values; empty where there is none.
    """

    shapes: tuple[InputShape, ...] = ()
    values_sha256: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "shapes", tuple(sorted(self.shapes, key=lambda shape: shape.name)))

    def __bool__(self) -> bool:
        return bool(self.shapes or self.values_sha256)

    @classmethod
    def of_spec(cls, spec: JobSpec) -> "GivenInputs":
        """What a job was given.

        Args:
            spec: What the job was to measure.
        """
        return cls(shapes=spec.input_shapes, values_sha256=spec.inputs_sha256)

    @property
    def name_parts(self) -> tuple[str, ...]:
        """Parts of a platform's name: `ids-1x128`, `inputs-3f2a9c01`; many shapes are named by their digest."""
        parts = [f"{shape.name}-{'x'.join(map(str, shape.sizes))}" for shape in self.shapes]
        if len("_".join(parts)) > _MAX_NAME_LENGTH:
            digest = hashlib.sha256(json.dumps(to_json(self.shapes)).encode()).hexdigest()
            parts = [f"shapes-{digest[:8]}"]
        return (*parts, *([f"inputs-{self.values_sha256[:8]}"] if self.values_sha256 else []))


NOTHING_GIVEN = GivenInputs()
"""Every input is generated, in the shape that the model says."""
