"""Records to JSON and back, under the name by which the worker half knows it."""

from edgeprof_proto.record_json import from_json as from_json
from edgeprof_proto.record_json import to_json as to_json
