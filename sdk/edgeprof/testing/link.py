"""A network link that a test can slow down and cut: a proxy between host and agent on this machine."""

import contextlib
import socket
import threading
import time

CHUNK_BYTES = 16 * 1024


class Link:
    """Passes TCP connections on to an agent, inside a `with` block.

    Args:
        agent_address: `host:port` of the agent.
        bytes_per_s: Bytes that each connection passes on in a second, each way; None for as many as come.
        cut_after_bytes: Bytes from host to agent after which the link is cut by itself, once; None for never.
    """

    def __init__(
        self, agent_address: str, *, bytes_per_s: float | None = None, cut_after_bytes: int | None = None
    ) -> None:
        host, _, port = agent_address.rpartition(":")
        self._agent = (host, int(port))
        self._bytes_per_s = bytes_per_s
        self._bytes_until_cut = cut_after_bytes
        self._sockets: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> "Link":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        # Only this wakes a thread that waits in accept.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def cut(self) -> None:
        """Break every connection there is. New ones are passed on as before."""
        with self._lock:
            cut, self._sockets = self._sockets, set()
        for end in cut:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _accept(self) -> None:
        while True:
            try:
                host_end, _ = self._listener.accept()
            except OSError:
                return
            try:
                agent_end = socket.create_connection(self._agent)
            except OSError:
                host_end.close()
                continue
            with self._lock:
                self._sockets |= {host_end, agent_end}
            for source, sink, is_upward in ((host_end, agent_end, True), (agent_end, host_end, False)):
                threading.Thread(target=self._pass_on, args=(source, sink, is_upward), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket, is_upward: bool) -> None:
        try:
            while chunk := source.recv(CHUNK_BYTES):
                if is_upward and self._is_time_to_cut(len(chunk)):
                    self.cut()
                    return
                if self._bytes_per_s is not None:
                    time.sleep(len(chunk) / self._bytes_per_s)
                sink.sendall(chunk)
        except OSError:
            pass
        finally:
            with contextlib.suppress(OSError):
                sink.shutdown(socket.SHUT_RDWR)

    def _is_time_to_cut(self, byte_count: int) -> bool:
        with self._lock:
            if self._bytes_until_cut is None:
                return False
            self._bytes_until_cut -= byte_count
            if self._bytes_until_cut > 0:
                return False
            self._bytes_until_cut = None
            return True
