"""A link that loses what one side says: what the host asked for is done and it never hears of it, or is never done."""

import socket

from edgeprof.testing import Link


class MuteLink(Link):
    """A `Link` that can be told to lose the agent's next answer, or to break at whatever the host says.

    Attributes:
        is_mute: The link is cut at the agent's next answer, which is lost.
        refuses: The link is cut whenever the host says anything, which is lost.
    """

    is_mute = False
    refuses = False

    def _pass_on(self, source: socket.socket, sink: socket.socket, is_upward: bool) -> None:
        super()._pass_on(source, sink if is_upward else _Sink(self, sink), is_upward)  # type: ignore[arg-type]

    def _is_time_to_cut(self, byte_count: int) -> bool:
        return self.refuses or super()._is_time_to_cut(byte_count)


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
