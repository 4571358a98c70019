"""Connections that do nothing are limited and closed again."""

import os
import socket
import time
from contextlib import ExitStack

from edgeprof_agent.server import MAX_CONNECTION_COUNT
from edgeprof_proto.v1 import device_agent_pb2

IDLE_COUNT = MAX_CONNECTION_COUNT + 150


def test_idle_connections_are_limited_and_closed_and_the_agent_answers_again(start_agent) -> None:
    agent = start_agent()
    folder = f"/proc/{agent.process.pid}/fd"
    before = len(os.listdir(folder))
    host, _, port = agent.address.rpartition(":")
    with ExitStack() as connections:
        for _ in range(IDLE_COUNT):
            connections.enter_context(socket.create_connection((host, int(port)), timeout=30))
        time.sleep(1.0)
        assert len(os.listdir(folder)) <= before + MAX_CONNECTION_COUNT + 5
        deadline_s = time.monotonic() + 120
        while len(os.listdir(folder)) > before + 5 and time.monotonic() < deadline_s:
            time.sleep(0.5)
        assert len(os.listdir(folder)) <= before + 5, "although the other ends are still open"
        request = device_agent_pb2.GetDeviceRequest()
        assert agent.stub.GetDevice(request, timeout=60, wait_for_ready=True).device.host_name == "here"
