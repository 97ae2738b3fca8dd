"""What tests ask of a running fake, by the paths that start with `/_`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from loopback.connection import Request
from loopback.faults import fault, parsed
from loopback.script import Awaited, Expired, Script

if TYPE_CHECKING:
    from loopback.service import Service


async def _log(service: Service[Any], _request: Request) -> object:
    return service.state.log


async def _counts(service: Service[Any], _request: Request) -> object:
    return service.state.counts


async def _script(service: Service[Any], request: Request) -> object:
    script = parsed(Script, request.body)
    if f"{script.method} {script.path}" not in service.provider.routes:
        raise fault("path", "No such path to script.")
    service.state.follow(script)
    return {}


async def _settings(service: Service[Any], request: Request) -> object:
    service.state.settings = parsed(service.provider.settings, request.body)
    return {}


async def _wait(service: Service[Any], request: Request) -> object:
    awaited = parsed(Awaited, request.body)
    await service.state.wait(awaited.request, awaited.times)
    return {}


async def _release(service: Service[Any], _request: Request) -> object:
    service.state.release()
    return {}


async def _finish(service: Service[Any], _request: Request) -> object:
    service.state.finish()
    return {}


async def _expire(service: Service[Any], request: Request) -> object:
    if not service.state.expire(parsed(Expired, request.body).id):
        raise fault("path", "Nothing here has this id.")
    return {}


async def _reset(service: Service[Any], _request: Request) -> object:
    """What hangs is answered from the state it came to."""
    service.state.release()
    service.state = service.provider.fresh()
    return {}


CONTROLS: Mapping[str, Callable[[Service[Any], Request], Awaitable[object]]] = {
    "/_log": _log,
    "/_counts": _counts,
    "/_script": _script,
    "/_settings": _settings,
    "/_wait": _wait,
    "/_release": _release,
    "/_finish": _finish,
    "/_expire": _expire,
    "/_reset": _reset,
}
"""Each of them, and what it answers with in JSON."""
