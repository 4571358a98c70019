"""The records of the contract, under the name by which the worker half knows them."""

from edgeprof_proto.records import *  # noqa: F403
