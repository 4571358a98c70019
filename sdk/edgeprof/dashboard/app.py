"""The web application of the dashboard: it reads the store and writes nothing."""

import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from edgeprof.dashboard.device_watch import DeviceWatch
from edgeprof.dashboard.overview import live, overview
from edgeprof.errors import EdgeprofError, InvalidArgumentError, StoreError
from edgeprof.pages.api import MODELS, report, stamped
from edgeprof.pages.page import page
from edgeprof.reporting import FoundProfile, find_profiles, results
from edgeprof.reporting.listing import StorePath
from edgeprof.store import Store, opened, store_place
from edgeprof_predictor.errors import PredictorError

LOOPBACK_NAMES = ("127.0.0.1", "localhost")
"""Names by which a browser on this machine asks. Under any other name that leads here somebody else's page asks."""

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

MAX_RESULT_COUNT = 10_000
"""Results in the table of all, the newest."""


def dashboard_app(paths: Sequence[Path], store: StorePath = None) -> Starlette:
    """Return the application.

    Args:
        paths: Files of profiles, or folders with some.
        store: The store that it shows, or its file; None for the user's own.
    """
    dashboard = _Dashboard(paths, store)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        dashboard.watch.close()

    return Starlette(
        routes=[
            Route("/", dashboard.show_overview),
            Route("/live", dashboard.show_live),
            Route("/results", dashboard.show_results),
            Route("/results/{number:int}", dashboard.show_result),
            Route("/compare", dashboard.show_comparison),
            Route("/profile", dashboard.show_profile),
        ],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=list(LOOPBACK_NAMES), www_redirect=False)],
        lifespan=lifespan,
    )


class _Dashboard:
    """The pages, each made when it is asked for. Starlette calls these methods in threads.

    Args:
        paths: Files of profiles, or folders with some.
        store: The store, or its file.
    """

    def __init__(self, paths: Sequence[Path], store: StorePath) -> None:
        self.watch = DeviceWatch()
        self._paths = paths
        self._store = store
        # Matplotlib's settings belong to the whole process.
        self._making = threading.Lock()

    def show_overview(self, _: Request) -> Response:
        return self._answer(self._overview)

    def show_live(self, _: Request) -> Response:
        return self._answer(self._live)

    def show_results(self, _: Request) -> Response:
        return self._answer(_results)

    def show_result(self, request: Request) -> Response:
        return self._answer(lambda store: report(request.path_params["number"], store=store))

    def show_comparison(self, request: Request) -> Response:
        sides = ("first", "second")
        return self._answer(lambda store: report([_number(request, side) for side in sides], store=store))

    def show_profile(self, request: Request) -> Response:
        return self._answer(
            lambda store: self._profile(
                request.query_params.get("path", ""), request.query_params.get("subject", ""), store
            )
        )

    def _answer(self, make_document: Callable[[Store], dict[str, Any]]) -> Response:
        with self._making:
            try:
                with self._opened() as store:
                    content, status = page(make_document(store), is_served=True), 200
            except StoreError as error:
                content, status = page(_message("the store cannot be read", str(error)), is_served=True), 503
            except (EdgeprofError, PredictorError) as error:
                content, status = page(_message("there is no such page", str(error)), is_served=True), 404
        return HTMLResponse(content, status, HEADERS)

    @contextmanager
    def _opened(self) -> Iterator[Store]:
        """Yield the store, which was there when the dashboard was started: opening one that is gone would make it."""
        place = self._store.place if isinstance(self._store, Store) else store_place(self._store)
        if isinstance(place, Path) and not place.exists():
            raise StoreError(
                f"the store {place} is gone: bring the file back, or start the dashboard again for an empty one"
            )
        with opened(self._store) as store:
            yield store

    def _overview(self, store: Store) -> dict[str, Any]:
        return stamped(overview(store, self._profiles(), self.watch))

    def _live(self, store: Store) -> dict[str, Any]:
        return stamped(live(store, self.watch))

    def _profile(self, path: str, subject: str, store: Store) -> dict[str, Any]:
        # Of all files of this machine only those can be asked for that are listed.
        for found in self._profiles():
            if (str(found.path), found.subject) == (path, subject) and not found.problem:
                return report(found.path, subject=subject or MODELS, store=store)
        raise InvalidArgumentError("there is no such profile in the folders that the dashboard was started with")

    def _profiles(self) -> list[FoundProfile]:
        return find_profiles(self._paths)


def _results(store: Store) -> dict[str, Any]:
    found = results(store=store, limit=MAX_RESULT_COUNT)
    if not found:
        return _message("no results", "the store holds none: `edgeprof benchmark` and `edgeprof onboard` write some")
    return report(found, store=store)


def _message(title: str, message: str) -> dict[str, Any]:
    return stamped({"kind": "message", "title": title, "message": message})


def _number(request: Request, name: str) -> int:
    text = request.query_params.get(name, "")
    if not text.isascii() or not text.isdecimal() or len(text) > 10:
        raise InvalidArgumentError(f"{name} must be the number of a result, got {text[:40]!r}")
    return int(text)
