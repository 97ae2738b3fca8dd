"""Ask each provider that is signed in something free, to learn whether it can be reached and accepts the key."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import anyio

from mediasmith.config.credentials import read_access
from mediasmith.config.installation import Installation
from mediasmith.plugin.contract import Backend
from mediasmith.plugin.errors import MediaError
from mediasmith.runtime.client_pool import ClientPool
from mediasmith.runtime.clock import Clock, SystemClock
from mediasmith.runtime.error_mapping import ErrorMapper
from mediasmith.runtime.network import SystemNetwork
from mediasmith.runtime.redaction import Redactor
from mediasmith.runtime.timeouts import with_timeout

_SECONDS = 30.0
"""How long a provider may take."""


async def ask_providers(installation: Installation, clock: Clock | None = None) -> Mapping[str, str | MediaError]:
    """Return what each provider said, or what was wrong; all are asked at once."""
    found: dict[str, str | MediaError] = {}
    access = partial(read_access, env=installation.env, network=SystemNetwork(installation.env))
    errors = ErrorMapper(redact=Redactor(installation.secrets))

    async def ask(pool: ClientPool, backend: Backend[Any]) -> None:
        check = backend.check
        if check is None:
            return

        async def once() -> str:
            return await check(await pool.client(backend))

        try:
            signs_in = access(backend).key or (backend.keys and not backend.key_optional)
            said = await with_timeout(clock or SystemClock(), _SECONDS, once)
            found[backend.name] = f"{'accepts the key' if signs_in else 'answers'}{said and f': {said}'}"
        except Exception as error:  # noqa: BLE001 - whatever a plug-in raises is a finding
            found[backend.name] = errors.map(backend, error, billed="no")

    async with anyio.create_task_group() as clients:
        pool = ClientPool(clients, access)
        async with anyio.create_task_group() as asking:
            for backend in installation.registry.backends.values():
                if backend.name not in installation.missing:
                    asking.start_soon(ask, pool, backend)
        await pool.close()
    return {name: found[name] for name in installation.registry.backends if name in found}
