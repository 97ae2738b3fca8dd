"""The client pool: one opening per backend in a task of its own; failures reach every caller and are not kept."""

from __future__ import annotations

import sys
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest
from anyio.abc import TaskGroup

from mediasmith.config.credentials import OFFLINE
from mediasmith.plugin.access import Access
from mediasmith.plugin.contract import Backend
from mediasmith.plugin.errors import MediaError, MissingKey, ProviderError, RateLimited, Unreachable
from mediasmith.runtime import client_pool
from mediasmith.runtime.client_pool import ClientPool
from mediasmith.testing.virtual_clock import VirtualClock

ACCESS = Access(key="sk-secret", env={}, base_url="", network=OFFLINE)


class Client:
    """What a backend's `connect` yields."""


class Provider:
    """A backend whose `connect` waits for `gate`, raises `failing` if set, and records its tasks and clients."""

    def __init__(self, name: str = "acme", sdk: str = "", explained: MediaError | None = None) -> None:
        self.opened: list[Client] = []
        self.tasks: list[int] = []
        self.entered = anyio.Event()
        self.gate = anyio.Event()
        self.gate.set()
        self.failing: Exception | None = None
        self.on_close: Callable[[], Any] | None = None
        self.backend = Backend(
            name=name,
            title=name.title(),
            docs="",
            capabilities=(),
            connect=self.connect,
            sdk=sdk,
            explain=lambda _error: explained,
        )

    @asynccontextmanager
    async def connect(self, access: Access) -> AsyncGenerator[Client]:
        assert access is ACCESS
        self.tasks.append(anyio.get_current_task().id)
        self.entered.set()
        await self.gate.wait()
        if self.failing:
            raise self.failing
        async with anyio.create_task_group():  # must be left by the task that entered it
            self.opened.append(Client())
            yield self.opened[-1]
        self.tasks.append(anyio.get_current_task().id)
        if self.on_close:
            await self.on_close()


@asynccontextmanager
async def running(access: Callable[[Backend[Any]], Access] = lambda _backend: ACCESS) -> AsyncGenerator[ClientPool]:
    async with anyio.create_task_group() as task_group:
        clients = ClientPool(task_group, access)
        try:
            yield clients
        finally:
            await clients.close()


async def failure(clients: ClientPool, backend: Backend[Any]) -> MediaError:
    with pytest.raises(MediaError) as caught:
        await clients.client(backend)
    return caught.value


def write_sdk(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, code: str) -> None:
    (folder / f"{name}.py").write_text(code)
    monkeypatch.setattr(sys, "path", [str(folder), *sys.path])


async def test_a_client_is_opened_on_first_use_and_kept() -> None:
    provider = Provider()
    async with running() as clients:
        assert provider.opened == []
        first = await clients.client(provider.backend)
        assert await clients.client(provider.backend) is first
        assert provider.opened == [first]


async def test_each_backend_has_its_own_client() -> None:
    one, other = Provider(name="one"), Provider(name="other")
    async with running() as clients:
        assert await clients.client(one.backend) is not await clients.client(other.backend)


async def test_a_client_is_opened_and_closed_in_a_task_of_its_own() -> None:
    provider = Provider()
    async with running() as clients, anyio.create_task_group() as callers:
        callers.start_soon(clients.client, provider.backend)
    opened_by, closed_by = provider.tasks
    assert opened_by == closed_by != anyio.get_current_task().id


async def test_concurrent_calls_share_one_opening() -> None:
    provider = Provider()
    provider.gate = anyio.Event()
    got: list[Client] = []

    async def use(clients: ClientPool) -> None:
        got.append(await clients.client(provider.backend))

    async with running() as clients:
        async with anyio.create_task_group() as callers:
            for _ in range(5):
                callers.start_soon(use, clients)
            await provider.entered.wait()
            provider.gate.set()
        assert got == provider.opened * 5
        assert len(provider.opened) == 1


async def test_cancelling_a_call_does_not_cancel_the_opening() -> None:
    provider = Provider()
    provider.gate = anyio.Event()
    async with running() as clients:
        async with anyio.create_task_group() as callers:
            callers.start_soon(clients.client, provider.backend)
            await provider.entered.wait()
            callers.cancel_scope.cancel()
        provider.gate.set()
        await clients.client(provider.backend)
        assert len(provider.tasks) == 1


async def test_a_failed_opening_reaches_every_caller_and_is_tried_again() -> None:
    provider = Provider()
    provider.gate = anyio.Event()
    provider.failing = OSError("sk-secret is wrong")
    errors: list[MediaError] = []

    async def use(clients: ClientPool) -> None:
        errors.append(await failure(clients, provider.backend))

    async with running() as clients:
        async with anyio.create_task_group() as callers:
            for _ in range(3):
                callers.start_soon(use, clients)
            await provider.entered.wait()
            provider.gate.set()
        assert len(provider.tasks) == 1
        assert {error.message for error in errors} == {"The client of Acme could not be opened (OSError)."}
        assert {error.billed for error in errors} == {"no"}
        assert {error.__cause__ for error in errors} == {provider.failing}
        provider.failing = None
        assert await clients.client(provider.backend) is provider.opened[0]


async def test_every_caller_gets_an_error_of_its_own() -> None:
    provider = Provider(explained=RateLimited("Too many.", "Wait.", retry_after=2.5))
    provider.failing = OSError()
    provider.gate = anyio.Event()
    errors: list[MediaError] = []

    async def use(clients: ClientPool) -> None:
        errors.append(await failure(clients, provider.backend))

    async with running() as clients, anyio.create_task_group() as callers:
        callers.start_soon(use, clients)
        callers.start_soon(use, clients)
        await provider.entered.wait()
        provider.gate.set()
    one, other = errors
    one.job_id = "j1"
    assert (type(other), other.job_id, str(other)) == (RateLimited, "", "Too many. Nothing was billed. Wait.")
    assert isinstance(other, RateLimited)
    assert other.retry_after == 2.5


async def test_the_backend_explains_the_error_and_opening_is_never_billed() -> None:
    provider = Provider(explained=Unreachable("No way to Acme.", billed="unknown"))
    provider.failing = OSError()
    async with running() as clients:
        error = await failure(clients, provider.backend)
        assert (type(error), error.message, error.billed) == (Unreachable, "No way to Acme.", "no")


async def test_a_media_error_passes_unexplained() -> None:
    provider = Provider(explained=Unreachable("not asked"))
    provider.failing = ProviderError("Acme said no.")
    async with running() as clients:
        assert (await failure(clients, provider.backend)).message == "Acme said no."


async def test_a_bug_in_explain_does_not_hide_the_error() -> None:
    def explain(_error: Exception) -> MediaError:
        raise ZeroDivisionError

    provider = Provider()
    provider.failing = OSError()
    async with running() as clients:
        error = await failure(clients, replace(provider.backend, explain=explain))
        assert "could not be opened (OSError)" in error.message


async def test_a_missing_key_is_reported_before_the_sdk_is_loaded() -> None:
    def access(backend: Backend[Any]) -> Access:
        raise MissingKey(backend.name, ["ACME_KEY", "ACME_TOKEN"])

    provider = Provider(sdk="mediasmith_no_such_sdk")
    async with running(access) as clients:
        error = await failure(clients, provider.backend)
        assert isinstance(error, MissingKey)
        assert error.variables == ("ACME_KEY", "ACME_TOKEN")
        assert str(error) == "acme has no key. Nothing was billed. Set ACME_KEY or ACME_TOKEN and restart the server."


async def test_a_missing_sdk_is_reported_with_its_package() -> None:
    provider = Provider(sdk="acme_media.client")
    async with running() as clients:
        error = await failure(clients, provider.backend)
        assert error.message == (
            "Acme needs the Python package acme-media-client, which cannot be imported (module acme_media)."
        )
        assert "pip install acme-media-client" in error.hint
        assert provider.tasks == []


async def test_an_sdk_is_loaded_off_the_event_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_sdk(tmp_path, monkeypatch, "acme_sdk_a", "import threading\nthread = threading.get_ident()")
    provider = Provider(sdk="acme_sdk_a")
    async with running() as clients:
        await clients.client(provider.backend)
        assert sys.modules["acme_sdk_a"].thread != threading.get_ident()


async def test_an_sdk_that_fails_to_load_is_reported_without_its_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_sdk(tmp_path, monkeypatch, "acme_sdk_b", "raise TypeError('sk-secret')")
    provider = Provider(sdk="acme_sdk_b")
    async with running() as clients:
        error = await failure(clients, provider.backend)
        assert error.message == "The client of Acme could not be opened (TypeError)."


async def test_closing_closes_every_client_and_refuses_new_ones() -> None:
    one, other = Provider(name="one"), Provider(name="other")
    async with running() as clients:
        await clients.client(one.backend)
        await clients.client(other.backend)
        await clients.close()
        assert (len(one.tasks), len(other.tasks)) == (2, 2)
        assert (await failure(clients, one.backend)).message == "The server is shutting down."


async def test_an_error_while_closing_is_logged_and_not_raised(caplog: pytest.LogCaptureFixture) -> None:
    async def fail() -> None:
        raise OSError("sk-secret")

    one, other = Provider(name="one"), Provider(name="other")
    one.on_close = fail
    async with running() as clients:
        await clients.client(one.backend)
        await clients.client(other.backend)
    assert len(other.tasks) == 2
    assert [record.getMessage() for record in caplog.records] == ["the client of one failed with OSError"]


async def test_a_client_that_hangs_while_closing_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_pool, "_CLOSE_SECONDS", 0)
    provider = Provider()
    provider.on_close = anyio.sleep_forever
    async with running() as clients:
        await clients.client(provider.backend)
    assert len(provider.tasks) == 2


async def test_a_hanging_client_is_cancelled_even_if_everything_else_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_pool, "_CLOSE_SECONDS", 0)
    provider = Provider()
    provider.on_close = anyio.sleep_forever
    with anyio.CancelScope() as everything:
        async with running() as clients:
            await clients.client(provider.backend)
            everything.cancel()
            await anyio.sleep_forever()
    assert len(provider.tasks) == 2


async def test_closing_does_not_wait_for_an_sdk_that_is_still_loading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_pool, "_CLOSE_SECONDS", 3600)
    loading, load = threading.Event(), threading.Event()
    monkeypatch.setitem(sys.modules, "acme_gate", SimpleNamespace(loading=loading, load=load))
    write_sdk(tmp_path, monkeypatch, "acme_sdk_c", "import acme_gate as g\ng.loading.set()\ng.load.wait()")
    provider = Provider(sdk="acme_sdk_c")
    try:
        async with anyio.create_task_group() as callers, running() as clients:
            callers.start_soon(failure, clients, provider.backend)
            await anyio.to_thread.run_sync(loading.wait)
    finally:
        load.set()
    assert provider.tasks == []


async def test_closing_cancels_an_opening_and_its_callers_get_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_pool, "_CLOSE_SECONDS", 3600)
    provider = Provider()
    provider.gate = anyio.Event()
    errors: list[MediaError] = []

    async def use(clients: ClientPool) -> None:
        errors.append(await failure(clients, provider.backend))

    async with anyio.create_task_group() as callers, running() as clients:
        callers.start_soon(use, clients)
        await provider.entered.wait()
    assert [error.message for error in errors] == ["The server is shutting down."]


async def test_a_client_closes_in_order_while_everything_else_is_cancelled() -> None:
    closed: list[bool] = []

    async def say_goodbye() -> None:
        await anyio.lowlevel.checkpoint()
        closed.append(True)

    async def serve(task_group: TaskGroup, provider: Provider) -> None:
        async with running() as clients:
            await clients.client(provider.backend)
            task_group.cancel_scope.cancel()
            await anyio.sleep_forever()

    provider = Provider()
    provider.on_close = say_goodbye
    async with anyio.create_task_group() as task_group:
        task_group.start_soon(serve, task_group, provider)
    assert closed == [True]


async def test_a_client_that_failed_is_opened_again(caplog: pytest.LogCaptureFixture) -> None:
    break_it, broken = anyio.Event(), anyio.Event()

    async def break_down() -> None:
        await break_it.wait()
        raise OSError

    @asynccontextmanager
    async def connect(_access: Access) -> AsyncGenerator[Client]:
        try:
            async with anyio.create_task_group() as inner:
                inner.start_soon(break_down)
                yield Client()
                inner.cancel_scope.cancel()
        finally:
            broken.set()

    backend = replace(Provider().backend, connect=connect)
    async with running() as clients:
        first = await clients.client(backend)
        break_it.set()
        await broken.wait()
        await VirtualClock().advance(0)  # let the owner finish
        break_it = anyio.Event()
        assert await clients.client(backend) is not first
    assert [record.getMessage() for record in caplog.records] == ["the client of acme failed with ExceptionGroup"]
