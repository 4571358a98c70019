"""A connection to the agent of one device: its contract revision, its description, its time and its checks."""

from typing import TypeVar

import grpc

from edgeprof.devices.channel import CONNECT_TIMEOUT_S, open_channel
from edgeprof.devices.host_name import HostNameInterceptor, default_host_name
from edgeprof.devices.named_devices import address_of
from edgeprof.devices.remote_errors import translate_rpc_errors
from edgeprof.devices.waiting import Progress, long_answer
from edgeprof.errors import AgentTooOldError
from edgeprof_proto import CONTRACT_REVISION, OLDEST_AGENT_REVISION, wire
from edgeprof_proto.records.check import Check
from edgeprof_proto.records.device import Device
from edgeprof_proto.v1 import device_agent_pb2
from edgeprof_proto.v1.device_agent_pb2_grpc import DeviceAgentServiceStub
from edgeprof_proto.version import VERSION

ConnectionType = TypeVar("ConnectionType", bound="AgentConnection")

CALL_TIMEOUT_S = 20.0
"""Deadline of one short call, for which the board starts no process."""


class AgentConnection:
    """A connection to the agent of one device.

    Args:
        address: `host:port` of the agent, or the name of its device on this host.
        host_name: Name by which the agent shares its time between hosts where there is no pairing; None for the
            machine's own.

    Raises:
        NotPairedError: If this host must be paired with the device and is not.
        DeviceChangedError: If it is paired, and something else answers at the address.
        PairingFileError: If this host's key and paired devices cannot be read.
        AgentUnavailableError: If no agent answers at an address beyond loopback that is not known.
    """

    def __init__(self, address: str, *, host_name: str | None = None) -> None:
        self.address = address = address_of(address)
        self.host_name = host_name or default_host_name()
        self.progress = Progress()
        """When an upload last went forward."""
        self.contract_revision = 0
        """Contract revision of the agent; 0 before the handshake."""
        self.agent_version = ""
        """Version of the agent; empty before the handshake."""
        self._model_formats: dict[str, tuple[str, ...]] = {}
        self._channel = open_channel(address)
        interceptor = HostNameInterceptor(self.host_name)
        self._stub = DeviceAgentServiceStub(grpc.intercept_channel(self._channel, interceptor))

    def close(self) -> None:
        """End the connection. Jobs on the device go on."""
        self._channel.close()

    def __enter__(self: ConnectionType) -> ConnectionType:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def handshake(self) -> str:
        """Check that host and agent speak the same contract.

        Returns:
            The agent's version, as text.

        Raises:
            AgentUnavailableError: If no agent answers.
            AgentTooOldError: If the agent's contract is older than this host needs.
            HostTooOldError: If the agent no longer understands this host.
        """
        request = device_agent_pb2.HandshakeRequest(host_version=VERSION, contract_revision=CONTRACT_REVISION)
        with translate_rpc_errors(self.address):
            response = self._stub.Handshake(request, timeout=CONNECT_TIMEOUT_S)
        if response.contract_revision < OLDEST_AGENT_REVISION:
            raise AgentTooOldError(
                f"the agent at {self.address} is edgeprof {response.agent_version} and speaks revision "
                f"{response.contract_revision} of the contract, this host needs {OLDEST_AGENT_REVISION}: "
                "update edgeprof on the device"
            )
        self.host_name = response.host_name or self.host_name
        self.contract_revision = response.contract_revision
        self.agent_version = str(response.agent_version)
        return self.agent_version

    def require_revision(self, revision: int, what: str) -> None:
        """Check that the agent's contract is new enough, as far as the handshake has told it.

        Args:
            revision: Contract revision that is needed.
            what: What the agent is to do, after "cannot".

        Raises:
            AgentTooOldError: If it is older.
        """
        if 0 < self.contract_revision < revision:
            raise AgentTooOldError(f"the agent at {self.address} cannot {what}: update edgeprof on the device")

    def device_time(self, *, payload: bytes = b"") -> float:
        """Ask the device for its time.

        Args:
            payload: Bytes to send along, at most 256 KiB, to see how fast they arrive.

        Returns:
            Seconds since the epoch.
        """
        request = device_agent_pb2.DiagnoseRequest(skips_checks=True, payload=payload)
        with translate_rpc_errors(self.address):
            answer = self._stub.Diagnose(request, timeout=CALL_TIMEOUT_S)
        return answer.device_time.seconds + answer.device_time.nanos / 1e9

    def diagnose(self) -> tuple[Check, ...]:
        """Let the device examine itself. A measurement that runs meanwhile would be disturbed."""
        with translate_rpc_errors(self.address):
            answer = long_answer(
                self._stub.Diagnose, device_agent_pb2.DiagnoseRequest(), what=f"{self.address} examines itself"
            )
            return tuple(wire.from_message(Check, check) for check in answer.checks)

    def device(self) -> Device:
        """Describe the device and its runtimes."""
        with translate_rpc_errors(self.address):
            response = long_answer(
                self._stub.GetDevice, device_agent_pb2.GetDeviceRequest(), what=f"{self.address} describes itself"
            )
            device = wire.from_message(Device, response.device)
        self._model_formats = {item.name: item.model_formats for item in device.runtimes}
        return device

    def model_formats(self, runtime: str) -> tuple[str, ...]:
        """Return which formats a runtime reads, as the device has described it to this client.

        Args:
            runtime: Name of the runtime.

        Returns:
            The formats, preferred first; empty where they are not reported, or there is no such runtime.
        """
        if runtime not in self._model_formats:
            self.device()
        return self._model_formats.get(runtime, ())
