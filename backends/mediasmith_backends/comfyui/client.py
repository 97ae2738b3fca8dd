"""Talk to a ComfyUI: its routes, and the state of a job."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar
from urllib.parse import quote
from uuid import UUID

from anyio import to_thread
from pydantic import ConfigDict, RootModel

from mediasmith.plugin.access import Access
from mediasmith.plugin.http_answers import Answer, Lenient, read_answer
from mediasmith.plugin.http_errors import malformed, reading
from mediasmith_backends.comfyui.errors import TITLE
from mediasmith_backends.comfyui.history import Entry

if TYPE_CHECKING:
    from httpx2 import AsyncClient

A = TypeVar("A", bound=Answer)

_READ_SECONDS = 60.0
"""How long ComfyUI may be silent: it answers while it works, but loads nodes and models in the same process."""

_OK = 200

Standing: TypeAlias = "Entry | Literal['waiting', 'running'] | None"
"""How a job stands: ended, with its entry in the history; waiting; running; or None where ComfyUI knows no such job."""


class _Queue(Answer):
    queue_running: tuple[tuple[Any, ...], ...]
    queue_pending: tuple[tuple[Any, ...], ...]


class _History(RootModel[dict[str, Entry]]):
    model_config = ConfigDict(defer_build=True)


class _Device(Answer):
    name: Lenient[str] = None


class _System(Answer):
    comfyui_version: Lenient[str] = None


class _SystemStats(Answer):
    system: _System
    devices: Lenient[tuple[_Device, ...]] = None


@dataclass(frozen=True, kw_only=True)
class Client:
    """A ComfyUI. `headers` sign in where a proxy before it wants a key."""

    http: AsyncClient = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)

    @property
    def base_url(self) -> str:
        """The address, without a slash at the end."""
        return str(self.http.base_url).rstrip("/")

    async def read(self, path: str, answer: type[A]) -> A:
        """Return the answer to a GET request.

        Raises:
            ProviderError: it cannot be read.
        """
        response = await self.http.get(path)
        return await to_thread.run_sync(read_answer, response.raise_for_status().content, answer, TITLE)

    async def post(self, path: str, body: Mapping[str, Any]) -> None:
        """Send a request whose answer says nothing."""
        (await self.http.post(path, json=body)).raise_for_status()

    async def has_jobs(self) -> bool:
        """Return whether this ComfyUI is new enough to have /api/jobs, where one job is cancelled by its id."""
        return (await self.http.get("/api/jobs", params={"limit": 1})).status_code == _OK

    async def standing(self, prompt_id: str) -> Standing:
        """Return how a job stands.

        Raises:
            ProviderError: an answer cannot be read.
        """
        return await self._ended(prompt_id) or await self._queued(prompt_id)

    async def _ended(self, prompt_id: str) -> Entry | None:
        response = await self.http.get(f"/history/{quote(prompt_id, safe='')}")
        return await to_thread.run_sync(_entry, response.raise_for_status().content, prompt_id)

    async def _queued(self, prompt_id: str) -> Literal["waiting", "running"] | None:
        queue = await self.read("/queue", _Queue)
        running, waiting = map(_ids, (queue.queue_running, queue.queue_pending))
        if prompt_id in running:
            return "running"
        if prompt_id in waiting:
            return "waiting"
        if not all(map(_is_id, (*running, *waiting))):
            raise malformed(TITLE)  # whatever this is, it does not say that the job is not there
        return None


def _entry(content: bytes, prompt_id: str) -> Entry | None:
    """Return a job's entry in an answer of the history, where nothing at all means that it is not there."""
    with reading(TITLE, content):
        found = _History.model_validate_json(content).root
        return found[prompt_id] if found else None


def _ids(items: Sequence[Sequence[Any]]) -> list[Any]:
    """Return the ids of the jobs in a queue: each is a number, an id, the graph and more."""
    return [item[1] if len(item) > 1 else None for item in items]


def _is_id(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(UUID(value))
    except ValueError:
        return False


@asynccontextmanager
async def connect(access: Access) -> AsyncGenerator[Client]:
    """Open a client; nothing is sent."""
    headers = {"authorization": f"Bearer {access.key}"} if access.key else {}

    def open_client() -> AsyncClient:
        return access.network.client(base_url=access.base_url, headers=headers, read_seconds=_READ_SECONDS)

    async with await to_thread.run_sync(open_client) as http:
        yield Client(http=http, headers=headers)


async def check(client: Client) -> str:
    """Return the version, and what it works on."""
    stats = await client.read("/system_stats", _SystemStats)
    devices = ", ".join(device.name for device in stats.devices or () if device.name)
    version = f"{TITLE} {stats.system.comfyui_version or ''}".strip()
    return f"{version} on {devices}" if devices else version
