"""The public call `serve_dashboard`: the dashboard until it is ended."""

import os
import socket
from collections.abc import Callable, Sequence
from pathlib import Path

import uvicorn

from edgeprof.arguments import as_list, require_count
from edgeprof.dashboard.app import LOOPBACK_NAMES, dashboard_app
from edgeprof.errors import InvalidArgumentError
from edgeprof.reporting import find_profiles
from edgeprof.reporting.listing import StorePath
from edgeprof.store import opened
from edgeprof_proto.shared.address import MAX_PORT


def serve_dashboard(
    profiles: Sequence[str | os.PathLike[str]] | str | os.PathLike[str] = ".",
    *,
    port: int = 0,
    store: StorePath = None,
    on_ready: Callable[[str], None] = lambda _: None,
) -> None:
    """Serve pages over the store to browsers of this machine, until the process is interrupted.

    Args:
        profiles: Files of profiles, or folders with some.
        port: Port on loopback; 0 for a free one.
        store: The store that it shows, or its file; None for the user's own.
        on_ready: Is called with the address of the first page.

    Raises:
        InvalidArgumentError: If there is nothing at a path, or the port is in use.
        StoreError: If the store cannot be read.
    """
    paths = [Path(one) for one in as_list(profiles, (str, os.PathLike))]
    require_count("port", port, 0, MAX_PORT)
    find_profiles(paths)
    with opened(store):
        pass  # said before anything is served
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((LOOPBACK_NAMES[0], port))
        except OSError as error:
            raise InvalidArgumentError(f"cannot listen on port {port} ({error.strerror}): name another") from error
        listening.listen()
        on_ready(f"http://{LOOPBACK_NAMES[0]}:{listening.getsockname()[1]}/")
        app = dashboard_app(paths, store)
        config = uvicorn.Config(app, log_level="warning", access_log=False, server_header=False)
        uvicorn.Server(config).run(sockets=[listening])
