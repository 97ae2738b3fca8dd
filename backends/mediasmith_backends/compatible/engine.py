"""One engine: what is sent to it, and what its errors mean. Whatever goes wrong, the message says at which URL."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeAlias

from anyio import to_thread

from mediasmith.plugin.access import Access
from mediasmith.plugin.error_words import answer_text, clause
from mediasmith.plugin.errors import MediaError, MissingKey, ModelGone, NotServed, Unreachable, Unsuitable
from mediasmith.plugin.http_answers import Answer, Lenient, read_answer
from mediasmith.plugin.http_errors import error_for_response, is_about, shown_url, transport_error
from mediasmith_backends.compatible.addresses import (
    KEYS,
    KINDS,
    TITLE,
    Made,
    models_variable,
    settings_of,
    url_of,
    url_variable,
)

if TYPE_CHECKING:
    from httpx2 import AsyncClient, Response

File: TypeAlias = "tuple[str, tuple[str, bytes, str]]"
"""A file of a form: its field; its name, content and type."""

_CONNECT_SECONDS = 5.0

_NO_ROUTE = {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED}
_WANTS_MODEL = {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY}


@dataclass(frozen=True, kw_only=True)
class Engine:
    """An engine that makes one kind. `variable` sets its `url`, and `named` are the models that the user names."""

    http: AsyncClient = field(repr=False)
    kind: Made
    url: str = field(repr=False)
    variable: str
    named: tuple[str, ...]
    headers: Mapping[str, str] = field(repr=False)

    @property
    def name(self) -> str:
        """What messages call it."""
        return f"Engine {shown_url(self.url)}"

    async def get(self, path: str) -> bytes:
        """Return the answer to a request that costs nothing.

        Raises:
            MediaError: it has an error status, or there is none.
        """
        return self.content(await self.send("GET", path))

    async def post(
        self, path: str, fields: Mapping[str, Any], files: Sequence[File] = (), *, form: bool = False
    ) -> Response:
        """Send a paying request once, as JSON, or as a form if it is one or has files; return the answer."""
        if not (files or form):
            return await self.send("POST", path, json=fields)
        texts = [(name, (None, _text(value), None)) for name, value in fields.items()]
        return await self.send("POST", path, files=[*texts, *files])

    async def send(self, method: str, path: str, **content: Any) -> Response:
        """Send a request once and return the answer, whatever its status.

        Raises:
            MediaError: there is none.
        """
        with self._explained():
            return await self.http.request(method, self.url + path, headers=self.headers, **content)

    def content(self, response: Response, *, model_named: bool = True) -> bytes:
        """Return the body of an answer.

        Raises:
            MediaError: it has an error status.
        """
        if response.is_success:
            return response.content
        raise self._error(response, model_named=model_named)

    def _error(self, response: Response, *, model_named: bool) -> MediaError:
        status, path = response.status_code, response.request.url.path
        words = answer_text(response.content)
        url = str(response.request.url)
        about_model = is_about("model", words, url)
        if about_model and status in _WANTS_MODEL and not model_named:
            hint = f"Set {models_variable(self.kind)} to the name of a model, and restart the server."
            return Unsuitable(f"{self.name} wants the name of a model ({status}){clause(words)}.", hint, billed="no")
        if about_model and status == HTTPStatus.NOT_FOUND:
            return ModelGone(f"{self.name} does not have this model (404){clause(words)}.")
        if status == HTTPStatus.NOT_FOUND and is_about("voice", words, url):
            hint = "list_backends has the voices of an engine that lists them. Name another one, or none."
            return Unsuitable(f"{self.name} does not have this voice (404){clause(words)}.", hint, billed="no")
        if status in _NO_ROUTE:
            return NotServed(
                f"{self.name} has nothing at {path} ({status}){clause(words)}.",
                f"It may not make this, or {self.variable} is wrong: it usually ends with /v1.",
                variables=[self.variable],
            )
        if status == HTTPStatus.UNAUTHORIZED and not self.headers:
            return MissingKey(self.name, KEYS)
        return error_for_response(response, self.name, keys=KEYS)

    @contextmanager
    def _explained(self) -> Generator[None]:
        from httpx2 import ConnectError, ConnectTimeout  # noqa: PLC0415 - heavy: needed only to connect

        try:
            yield
        except Exception as error:
            known = transport_error(error, self.name)
            if isinstance(known, Unreachable) and isinstance(error, ConnectError | ConnectTimeout):
                hint = f"Start it, or correct {self.variable} and restart the server."
                known = Unreachable(
                    f"No engine answers at {shown_url(self.url)}; it may not be running.", hint, billed="no"
                )
            if known is None:
                raise
            raise known from error


Engines: TypeAlias = Mapping[Made, Engine]
"""The engines by what they make; several may be the same one."""


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


@asynccontextmanager
async def connect(access: Access) -> AsyncGenerator[Engines]:
    """Open one client for all engines. Without a key, no header is sent in place of one."""
    settings = settings_of(access)
    open_client = partial(access.network.client, read_seconds=settings.read_seconds)
    async with await to_thread.run_sync(open_client) as http:
        http.timeout.connect = _CONNECT_SECONDS
        headers = {"authorization": f"Bearer {access.key}"} if access.key else {}
        yield {
            kind: Engine(
                http=http,
                kind=kind,
                url=url,
                variable=url_variable(access, kind),
                named=settings.named(kind),
                headers=headers,
            )
            for kind in KINDS
            if (url := url_of(access, kind))
        }


class _Models(Answer):
    data: Lenient[tuple[Any, ...]] = None


async def check(client: Engines) -> str:
    """Return how many models each engine lists."""
    found: dict[str, str] = {}
    for engine in client.values():
        if engine.name not in found:
            response = await engine.send("GET", "/models")
            unlisted = response.status_code in _NO_ROUTE
            answer = None if unlisted else read_answer(engine.content(response), _Models, engine.name)
            found[engine.name] = f"{engine.name} lists {len(answer.data or ()) if answer else 'no'} models"
    return "; ".join(found.values())


def explain(error: Exception) -> MediaError | None:
    """Return what an exception of the connection means; an engine's own errors are raised as what they mean."""
    return transport_error(error, TITLE)
