"""A link that loses what the agent says, so that what the host asked for is done and the host never hears of it."""

import socket

from edgeprof.testing import Link


class MuteLink(Link):
    """A `Link` that can be told to lose the agent's answers."""

    is_mute = False

    def _pass_on(self, source: socket.socket, sink: socket.socket, is_upward: bool) -> None:
        super()._pass_on(source, sink if is_upward else _Sink(self, sink), is_upward)  # type: ignore[arg-type]


class _Sink:
    """The host's end of a connection; cuts the link at the first answer while it is mute."""

    def __init__(self, link: MuteLink, sink: socket.socket) -> None:
        self._link = link
        self._sink = sink

    def sendall(self, chunk: bytes) -> None:
        if self._link.is_mute:
            self._link.is_mute = False
            self._link.cut()
            return
        self._sink.sendall(chunk)

    def shutdown(self, how: int) -> None:
        self._sink.shutdown(how)
