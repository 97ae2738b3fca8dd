"""A capability in one's hands: signed in, and called without the server."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from mediasmith.config.credentials import access, base_url_variable
from mediasmith.plugin.contract import (
    JSON,
    Accepted,
    Backend,
    Call,
    Capability,
    Context,
    Pending,
    Request,
    Result,
    Role,
    Source,
)
from mediasmith.plugin.errors import MediaError
from mediasmith.testing.doubles import MemorySink


class AdapterHarness:
    """A capability, by default the backend's first, with a client that is signed in.

    `sinks` are the files that were opened and `types` what they were opened for; `warnings` and `reports` are what
    was told on the way.
    """

    def __init__(self, backend: Backend[Any], client: Any, capability: Capability[Any, Any] | None = None) -> None:
        self.backend = backend
        self.capability = capability or backend.capabilities[0]
        self.client = client
        self.sinks: list[MemorySink] = []
        self.types: list[str] = []
        self.warnings: list[str] = []
        self.reports: list[Pending] = []

    @property
    def sink(self) -> MemorySink:
        """The file that was opened last."""
        return self.sinks[-1]

    def file(self, mime: str) -> MemorySink:
        """Open a file in memory."""
        self.types.append(mime)
        self.sinks.append(MemorySink())
        return self.sink

    @property
    def work(self) -> Context[Any]:
        """What `poll` and `cancel` are given."""
        return Context(
            client=self.client,
            model=self.capability.models[0],
            file=self.file,
            report=self.reports.append,
            warn=self.warnings.append,
        )

    def call(
        self, inputs: Mapping[Role, Sequence[Source]] | None = None, state: JSON = None, **params: Any
    ) -> Call[Any, Any]:
        """A call with these parameters."""
        return self.of(
            Request(
                model=self.capability.models[0],
                prompt="a red kite",
                params=self.capability.params(**params),
                inputs=inputs or {},
                state=state,
            )
        )

    def of(self, ask: Request[Any]) -> Call[Any, Any]:
        """The call that does what is asked."""
        return Call(
            client=self.client,
            model=ask.model,
            file=self.file,
            report=self.reports.append,
            warn=self.warnings.append,
            prompt=ask.prompt,
            params=ask.params,
            inputs=ask.inputs,
            state=ask.state,
        )

    async def start(self, **given: Any) -> Result | Accepted:
        """Do the paying request."""
        return await self.capability.start(self.call(**given))

    async def make(self, **given: Any) -> Result:
        """What the paying request answers at once."""
        result = await self.start(**given)
        assert isinstance(result, Result), "start answered with a handle"
        return result

    async def submit(self, **given: Any) -> JSON:
        """The handle that the paying request answers with."""
        accepted = await self.start(**given)
        assert isinstance(accepted, Accepted), "start answered with a result"
        return accepted.handle

    async def poll(self, handle: JSON) -> Pending | Result:
        """Ask once how the work is."""
        assert self.capability.poll, "there is no poll"
        return await self.capability.poll(self.work, handle)

    async def finish(self, answer: Result | Accepted) -> Result:
        """The result, polled for without a pause where it takes polling."""
        if isinstance(answer, Result):
            return answer
        for _ in range(_POLLS):
            polled = await self.poll(answer.handle)
            if isinstance(polled, Result):
                return polled
        raise AssertionError(f"The fake provider said 'not yet' {_POLLS} times; have it finish after a few polls.")

    async def fails(self, **given: Any) -> MediaError:
        """How the paying request ends, as the server would be told."""
        try:
            await self.start(**given)
        except Exception as error:
            explained = error if isinstance(error, MediaError) else self.backend.explain(error)
            if explained is None:
                raise AssertionError(f"explain does not know {error!r}") from error
            return explained
        raise AssertionError("start did not fail")


_POLLS = 500


@asynccontextmanager
async def signed_in(
    backend: Backend[Any],
    url: str,
    key: str = "key",
    *,
    capability: Capability[Any, Any] | None = None,
    env: Mapping[str, str] | None = None,
) -> AsyncGenerator[AdapterHarness]:
    """A backend in one's hands, connected to this address."""
    signed = {**dict.fromkeys(backend.keys[:1], key), base_url_variable(backend.name): url, **(env or {})}
    async with backend.connect(access(backend, signed)) as client:
        yield AdapterHarness(backend, client, capability)
