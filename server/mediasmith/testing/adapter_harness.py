"""Call the functions of a capability directly, without the server."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from pydantic import BaseModel

from mediasmith.config.base_urls import base_url_variable
from mediasmith.config.credentials import read_access
from mediasmith.plugin.contract import (
    Accepted,
    Backend,
    Call,
    Cancellation,
    Capability,
    Context,
    Failed,
    Model,
    Pending,
    Request,
    Result,
)
from mediasmith.plugin.errors import MediaError
from mediasmith.plugin.files import Source
from mediasmith.plugin.kinds import Role
from mediasmith.runtime.network import SystemNetwork
from mediasmith.testing.doubles import MemorySink


class AdapterHarness:
    """A capability, by default the backend's first, with a client that is signed in.

    `sinks` are the files that it opened and `mimes` what they were opened for; `warnings`, `reports` and `handles` are
    what it passed to the server during its calls.
    """

    def __init__(self, backend: Backend[Any], client: Any, capability: Capability[Any, Any] | None = None) -> None:
        self.backend = backend
        self.capability = capability or backend.capabilities[0]
        self.client = client
        self.sinks: list[MemorySink] = []
        self.mimes: list[str] = []
        self.warnings: list[str] = []
        self.reports: list[Pending] = []
        self.handles: list[BaseModel] = []

    @property
    def sink(self) -> MemorySink:
        """The file that was opened last."""
        return self.sinks[-1]

    @property
    def context(self) -> Context[Any]:
        """What `poll` and `cancel` get."""
        return Context(
            client=self.client,
            model=self.capability.models[0],
            file=self._file,
            report=self.reports.append,
            warn=self.warnings.append,
        )

    def call(
        self,
        *,
        prompt: str = "a red kite",
        model: Model | None = None,
        inputs: Mapping[Role, Sequence[Source]] | None = None,
        state: BaseModel | None = None,
        lineage: Sequence[str] = (),
        **params: Any,
    ) -> Call[Any, Any]:
        """Return a call with these parameters."""
        return self.call_for(
            Request(
                model=model or self.capability.models[0],
                prompt=prompt,
                params=self.capability.params(**params),
                inputs=inputs or {},
                state=state,
                lineage=lineage,
            )
        )

    def call_for(self, request: Request[Any]) -> Call[Any, Any]:
        """Return the call that makes this request."""
        return Call(
            client=self.client,
            model=request.model,
            file=self._file,
            report=self.reports.append,
            warn=self.warnings.append,
            prompt=request.prompt,
            params=request.params,
            inputs=request.inputs,
            options=request.options,
            state=request.state,
            lineage=request.lineage,
            handle=self._record,
        )

    async def start(self, **given: Any) -> Result | Accepted:
        """Send the paying request."""
        return await self.capability.start(self.call(**given))

    async def generate(self, **given: Any) -> Result:
        """Send the paying request and return its result, polled for where it takes polling."""
        return await self.finish(await self.start(**given))

    async def submit(self, **given: Any) -> BaseModel:
        """Send the paying request and return its handle."""
        accepted = await self.start(**given)
        assert isinstance(accepted, Accepted), "start answered with a result"
        return accepted.handle

    async def poll(self, handle: BaseModel) -> Pending | Result | Failed:
        """Poll once."""
        assert self.capability.poll, "there is no poll"
        return await self.capability.poll(self.context, handle)

    async def cancel(self, handle: BaseModel) -> Cancellation:
        """Cancel the work."""
        assert self.capability.cancel, "there is no cancel"
        return await self.capability.cancel(self.context, handle)

    async def finish(self, answer: Result | Accepted) -> Result:
        """Return the result, polled for without a pause where it takes polling."""
        if isinstance(answer, Result):
            return answer
        for _ in range(_POLLS):
            polled = await self.poll(answer.handle)
            if isinstance(polled, Result):
                return polled
            assert not isinstance(polled, Failed), polled
        raise AssertionError(f"The fake provider was pending for {_POLLS} polls; let it finish after a few.")

    async def failure_of(self, **given: Any) -> MediaError:
        """Send the paying request and return the error that it fails with, as the server would see it."""
        return await self.failure_of_request(self.call(**given))

    async def failure_of_request(self, request: Request[Any]) -> MediaError:
        """Send this request and return its error."""
        try:
            await self.capability.start(self.call_for(request))
        except Exception as error:
            explain = error if isinstance(error, MediaError) else self.backend.explain(error)
            if explain is None:
                raise AssertionError(f"explain does not know {error!r}") from error
            return explain
        raise AssertionError("start did not fail")

    def _file(self, mime: str) -> MemorySink:
        self.mimes.append(mime)
        self.sinks.append(MemorySink())
        return self.sink

    async def _record(self, handle: BaseModel) -> None:
        self.handles.append(handle)


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
    """Connect a backend to this address, and return it ready to be called."""
    signed = {**dict.fromkeys(backend.keys[:1], key), base_url_variable(backend.name): url, **(env or {})}
    async with backend.connect(read_access(backend, signed, SystemNetwork())) as client:
        yield AdapterHarness(backend, client, capability)
