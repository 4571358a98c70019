"""Brings the agent onto a board over SSH, or onto a stick: `edgeprof deploy`."""

from edgeprof.deploying.api import DEFAULT_LISTEN, DEFAULT_RUNTIMES, deploy, pack_agent, undeploy
from edgeprof.deploying.listener import DeployListener, DeployStep
from edgeprof.deploying.procedure import Deployed

__all__ = [
    "DEFAULT_LISTEN",
    "DEFAULT_RUNTIMES",
    "DeployListener",
    "DeployStep",
    "Deployed",
    "deploy",
    "pack_agent",
    "undeploy",
]
