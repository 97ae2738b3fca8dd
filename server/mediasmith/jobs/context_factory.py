"""What a capability's functions work with: an open client, sinks in the job's folder, warnings and progress."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from mediasmith.config.settings import Settings
from mediasmith.jobs.active_job import ActiveJob
from mediasmith.jobs.outputs import token
from mediasmith.plugin.contract import Context, Pending
from mediasmith.plugin.errors import Unreachable
from mediasmith.runtime.client_pool import ClientPool
from mediasmith.runtime.clock import Clock
from mediasmith.runtime.redaction import Redactor
from mediasmith.runtime.timeouts import Expired, with_timeout
from mediasmith.selection.candidate import Candidate
from mediasmith.storage.artifacts.sink import FileSink
from mediasmith.storage.library.records import Task

_OPEN_SECONDS = 60.0
"""How long a client may take to open."""

_FIRST_SINK = 1000
"""Temporary files that backends open are numbered from here, those of whole answers from 0."""


@dataclass(frozen=True, kw_only=True)
class ContextFactory:
    """Builds contexts for tasks."""

    clients: ClientPool
    clock: Clock
    settings: Settings
    redact: Redactor

    async def open(self, active: ActiveJob, task: Task, candidate: Candidate) -> Context[Any]:
        """Return a context with an open client.

        Raises:
            MediaError: the client cannot be opened; nothing was sent.
        """
        numbers = count(_FIRST_SINK)

        def file(_mime: str) -> FileSink:
            return active.destination.temporary.sink(
                token(task, next(numbers)), max_bytes=self.settings.max_output_bytes
            )

        def report(pending: Pending) -> None:
            active.report(replace(pending, message=self.redact.text(str(pending.message))))

        def warn(text: str) -> None:
            active.warn(self.redact.text(str(text)))

        try:
            client: object = await with_timeout(
                self.clock, _OPEN_SECONDS, lambda: self.clients.client(candidate.backend)
            )
        except Expired as error:
            raise Unreachable(
                f"{candidate.backend.title} could not be opened in {_OPEN_SECONDS:.10g} seconds."
            ) from error
        return Context(client=client, model=candidate.model, file=file, report=report, warn=warn)
