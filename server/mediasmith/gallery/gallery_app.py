"""The gallery as an app: its routes, and the servers that have them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from functools import cache, partial
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

from mcp.server.auth.provider import TokenVerifier
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mediasmith.engine.bootstrap import LazyEngine
from mediasmith.gallery.library_routes import LibraryRoutes
from mediasmith.gallery.media_routes import MediaRoutes
from mediasmith.gallery.request_guard import RequestGuard
from mediasmith.gallery.sessions import Sessions, session_keys
from mediasmith.gallery.thumbnails import Thumbnails
from mediasmith.gallery.tool_calls import ToolCalls, read_json
from mediasmith.mcp.http.listener import Served, add_host_check, http_app, mcp_message, serve_here, serve_http
from mediasmith.mcp.http.tokens import StaticTokenVerifier
from mediasmith.mcp.viewer.view_app import card_script, card_style
from mediasmith.plugin.errors import MediaError

PATH = "/gallery"
"""The path of the page; what it uses is below."""

_SOURCES = Path(__file__).parent
_TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript"}


class Gallery:
    """The gallery of an engine, for people who reach it at `url`. With a `verifier`, they sign in with a token."""

    def __init__(self, engine: LazyEngine, *, url: str, verifier: TokenVerifier | None = None) -> None:
        root = f"{urlsplit(url).path.rstrip('/')}{PATH}"
        self._engine = engine
        self._root = root
        self._page = f"{url.rstrip('/')}{PATH}"
        settings = engine.installation.settings
        self._sessions = Sessions(
            url=url,
            path=root,
            clock=engine.clock,
            verifier=verifier,
            signing_keys=session_keys(settings.secret, settings.http_token),
        )
        self._thumbnails = Thumbnails(engine.installation.settings.data_dir / "thumbnails")

    @property
    def address(self) -> str:
        """The address to open: with the key, unless that is a token, which people know."""
        return self._page if self._sessions.verifier else f"{self._page}#key={self._sessions.key}"

    def routes(self) -> list[Route]:
        """Return the routes. All but the page itself and the way in are for those who are signed in."""
        library = LibraryRoutes(engine=self._engine, thumbnails=self._thumbnails)
        media = MediaRoutes(engine=self._engine, thumbnails=self._thumbnails)
        for_all = partial(_route, Middleware(RequestGuard))
        signed_in = partial(_route, Middleware(RequestGuard, sessions=self._sessions))
        return [
            for_all("", self._html),
            for_all("/assets/{name}", _asset),
            for_all("/session", self._sign_in, "POST"),
            signed_in("/api/files", library.files),
            signed_in("/api/files/{id}", library.about),
            signed_in("/api/files/{id}", library.delete, "DELETE"),
            signed_in("/api/files/{id}/tree", library.tree),
            signed_in("/api/counts", library.counts),
            signed_in("/api/spent", library.spent),
            signed_in("/api/events", library.events),
            signed_in("/api/call", ToolCalls(self._engine).post, "POST"),
            signed_in("/files/{id}", media.file),
            signed_in("/thumbnails/{id}", media.thumbnail),
        ]

    async def _html(self, _request: Request) -> Response:
        return Response(_read("gallery.html").replace("{root}", self._root), media_type="text/html")

    async def _sign_in(self, request: Request) -> Response:
        response = Response(status_code=HTTPStatus.NO_CONTENT)
        key = (await read_json(request)).get("key")
        if not isinstance(key, str) or not await self._sessions.sign_in(key, response):
            return JSONResponse({"error": "This is not the key."}, HTTPStatus.FORBIDDEN)
        self._engine.work.start_soon(self._prune)
        return response

    async def _prune(self) -> None:
        with suppress(MediaError, OSError):  # then they stay until the next time
            engine = await self._engine.get()
            await self._thumbnails.prune(engine.library.overview.existing)


async def serve_gallery(port: int, opened: Callable[[str], None]) -> None:
    """Serve the gallery alone, to this machine; `opened` is called with its address. This does not return.

    Raises:
        MediaError: the port cannot be listened on.
    """

    def make_app(engine: LazyEngine, url: str) -> Served:
        gallery = Gallery(engine, url=url)
        app = Starlette(routes=gallery.routes())
        add_host_check(app, url)
        opened(gallery.address)
        return Served(app=app, message=f"Press Ctrl-C to end the gallery at {gallery.address}")

    await serve_here(port, make_app)


async def serve_http_with_gallery(host: str, port: int, *, works: bool = True) -> None:
    """Serve MCP and the gallery. This does not return.

    `works` is as for `serve_http`.

    Raises:
        MediaError: as `serve_http`.
    """
    await serve_http(host, port, make_app=app_with_gallery, works=works)


def app_with_gallery(engine: LazyEngine, url: str, hosts: Collection[str]) -> Served:
    """Return the server with the gallery: people sign in with the token from the settings, or else with a key."""
    served = http_app(engine, url=url, hosts=hosts)
    token = engine.installation.settings.http_token
    gallery = Gallery(engine, url=url, verifier=StaticTokenVerifier(token) if token else None)
    served.router.routes.extend(gallery.routes())
    return Served(app=served, message=f"{mcp_message(url)}\nThe gallery is at {gallery.address}")


def _route(guard: Middleware, path: str, endpoint: Callable[[Request], object], method: str = "GET") -> Route:
    return Route(f"{PATH}{path}", endpoint, methods=[method], middleware=[guard])


async def _asset(request: Request) -> Response:
    name = request.path_params["name"]
    shared = {"card.js": card_script, "card.css": card_style}
    if name not in {*shared, "gallery.js", "gallery.css"}:
        return JSONResponse({"error": "There is no such file."}, HTTPStatus.NOT_FOUND)
    text = shared[name]() if name in shared else _read(name)
    return Response(text, media_type=_TYPES[name.rpartition(".")[2]], headers={"Cache-Control": "no-cache"})


@cache
def _read(name: str) -> str:
    return (_SOURCES / name).read_text(encoding="utf-8")
