"""A provider on paper and a backend for it that passes every check of the contract suite."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal
from urllib.parse import urlsplit

import anyio
import anyio.lowlevel
from pydantic import BaseModel, ConfigDict

from mediasmith.plugin.access import Access
from mediasmith.plugin.contract import (
    JSON,
    Accepted,
    Backend,
    Call,
    Cancellation,
    Capability,
    Context,
    Failed,
    Model,
    Output,
    Params,
    Pending,
    Price,
    Result,
    Takes,
)
from mediasmith.plugin.error_words import answer_text, clause
from mediasmith.plugin.errors import MediaError, MissingKey, OutOfCredit, ProviderError, RateLimited, Unreachable
from mediasmith.plugin.params import Seed
from mediasmith.testing import Answer, Sent, png

URL = "http://127.0.0.1:1"


class Status(Exception):
    """An answer that is an error."""


class Broken(Exception):
    """A connection that ended early."""


class Nowhere(Exception):
    """No server listens at the address."""


class Paper:
    """A provider on paper: a wire without sockets. It says "not yet" once about every job."""

    url = URL

    def __init__(self) -> None:
        self.log: list[Sent] = []
        self.scripts: dict[bool, list[Answer]] = {True: [], False: []}
        self.polled: dict[str, int] = {}
        self.made = 0

    def requests(self) -> Sequence[Sent]:
        return tuple(self.log)

    def script(self, *answers: Answer, pays: bool = True) -> None:
        self.scripts[pays] += answers

    def clear(self) -> None:
        self.log.clear()
        self.scripts = {True: [], False: []}

    async def ask(self, method: str, path: str, body: JSON = None) -> bytes:
        pays = method == "POST"
        self.log.append(Sent(method=method, path=path, body=body, pays=pays))
        await anyio.lowlevel.checkpoint()
        answer = self.scripts[pays].pop(0) if self.scripts[pays] else Answer()
        if answer.fault in {"silence", "drip"}:
            await anyio.sleep_forever()
        if answer.fault:
            raise Broken
        if answer.status not in {0, 200}:
            raise Status(answer.status, answer.body)
        if answer.status:
            return answer.body
        normal = json.dumps(self._normal(method, path)).encode()
        return answer.edit(normal) if answer.edit else normal

    def _normal(self, method: str, path: str) -> Mapping[str, JSON]:
        if method == "POST":
            self.made += 1
            image = base64.b64encode(png()).decode()
            return {"id": f"id-{self.made}", "colour": "blue", "count": 1, "url": f"{URL}/files/1", "image": image}
        if method == "DELETE":
            return {"status": "stopped", "colour": "blue"}
        if path.endswith("/result"):
            return {"status": "made", "colour": "blue", "url": f"{URL}/files/1"}
        self.polled[path] = self.polled.get(path, 0) + 1
        done = self.polled[path] > 1
        return {"status": "done" if done else "running", "colour": "blue", "url": f"{URL}/files/1"}

    def fetch(self, url: str, key: str = "") -> None:
        headers = {"host": urlsplit(url).netloc, "authorization": key}
        self.log.append(Sent(method="GET", path=urlsplit(url).path, headers=headers))


@dataclass(frozen=True, repr=False)
class Client:
    """A client of the provider, signed in."""

    paper: Paper
    access: Access

    async def ask(self, method: str, path: str, body: JSON = None) -> dict[str, Any]:
        if self.access.base_url != URL:
            raise Nowhere
        content = await self.paper.ask(method, path, body)
        try:
            answer = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise ProviderError("The answer is no JSON.", answer=content) from error
        match answer:
            case {"colour": "blue"} | {"status": "running" | "failed"}:
                return answer
            case _:
                raise ProviderError("The answer cannot be read.")


class PaperParams(Params):
    """An advisory word and two options."""

    seed: Seed | None = None
    mood: Literal["calm", "wild"] | None = None
    steps: int | None = None


def explain(error: Exception) -> MediaError | None:  # noqa: PLR0911 - a table
    match error:
        case Nowhere():
            return Unreachable("Paper cannot be reached.", billed="no")
        case Broken():
            return Unreachable("The connection to Paper broke.")
        case Status(args=(401, _)):
            return MissingKey("paper", ("PAPER_KEY",))
        case Status(args=(402, _)):
            return OutOfCredit("The account is empty.")
        case Status(args=(429, _)):
            return RateLimited("Paper is busy.")
        case Status(args=(503, _)):
            return ProviderError("Paper is overloaded.", billed="no")
        case Status(args=(code, body)):
            return ProviderError(f"Paper answered {code}{clause(answer_text(body))}.")
        case _:
            return None


async def body_of(call: Call[Client, Any]) -> dict[str, JSON]:
    body: dict[str, JSON] = {
        "prompt": call.prompt,
        "model": call.model.id,
        **call.params.model_dump(exclude_none=True),
    }
    if images := call.inputs.get("image"):
        body["image"] = [await image.data_uri() for image in images]
    if call.state is not None:
        body["previous"] = call.state.id
    return body


class PaperId(BaseModel):
    """What Paper calls a picture or a job; a fault may put anything beside it."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    id: str
    beside: Any = None


def picture(**of: Any) -> Result:
    return Result(outputs=(replace(Output(body=png(), mime="image/png", state=PaperId(id="1")), **of),))


async def make(call: Call[Client, Any]) -> Result:
    await call.client.ask("POST", "/make", await body_of(call))
    return picture()


async def submit(call: Call[Client, Any]) -> Accepted:
    match await call.client.ask("POST", "/jobs", await body_of(call)):
        case {"id": str(name)}:
            return Accepted(handle=PaperId(id=name))
        case _:
            raise ProviderError("Paper did not name the job.")


async def poll(context: Context[Client], handle: PaperId) -> Pending | Result | Failed:
    answer = await context.client.ask("GET", f"/jobs/{handle.id}")
    match answer.get("status"):
        case "running":
            return Pending()
        case "done":
            return picture()
        case "failed":
            return Failed(error=ProviderError("Paper could not draw it."))
        case _:
            raise ProviderError("Paper answered with a status that is not known.")


async def poll_for_result(context: Context[Client], handle: PaperId) -> Pending | Result | Failed:
    """Ask for the status, and once that is "done" for the result."""
    answer = await poll(context, handle)
    if isinstance(answer, Result):
        found = await context.client.ask("GET", f"/jobs/{handle.id}/result")
        match found.get("status"):
            case "made":
                return answer
            case "failed":
                return Failed(error=ProviderError("Paper could not draw it."))
            case _:
                raise ProviderError("Paper answered with a result that is not known.")
    return answer


async def cancel(context: Context[Client], handle: PaperId) -> Cancellation:
    answer = await context.client.ask("DELETE", f"/jobs/{handle.id}")
    match answer.get("status"):
        case "stopped":
            return "stopped"
        case "running":
            return "asked"
        case "done":
            return "too late"
        case _:
            raise ProviderError("Paper answered a cancel with a status that is not known.")


PRICE = Price(usd=0.1, per="image", as_of=date(2026, 1, 2), source="https://paper.invalid/prices")
NOW: Capability[Client, Any] = Capability(
    kind="image",
    name="image",
    params=PaperParams,
    models=(Model(id="paper-2", prices=(PRICE,)), Model(id="paper-1")),
    start=make,
    state=PaperId,
    takes={"image": Takes()},
    edits="image",
)
LATER = replace(NOW, start=submit, poll=poll, cancel=cancel, handle=PaperId)
FAILED = {"image": Answer(status=200, body=b'{"status": "failed"}')}
CANCEL_ANSWERS: Mapping[str, Mapping[Cancellation, Answer]] = {
    "image": {
        "stopped": Answer(status=200, body=b'{"status": "stopped", "colour": "blue"}'),
        "asked": Answer(status=200, body=b'{"status": "running"}'),
        "too late": Answer(status=200, body=b'{"status": "done", "colour": "blue"}'),
    }
}
WITH_RESULT = replace(LATER, poll=poll_for_result)
FAILED_WITH_RESULT = {
    "image": (
        Answer(status=200, body=b'{"status": "done", "colour": "blue"}'),
        Answer(status=200, body=b'{"status": "failed"}'),
    )
}


def backend(paper: Paper, capability: Capability[Client, Any], **changes: Any) -> Backend[Client]:
    @asynccontextmanager
    async def connect(access: Access) -> AsyncGenerator[Client]:
        yield Client(paper, access)

    whole = Backend(
        name="paper",
        title="Paper",
        docs="https://paper.invalid",
        capabilities=(capability,),
        connect=connect,
        keys=("PAPER_KEY",),
        explain=explain,
    )
    return replace(whole, **changes)
