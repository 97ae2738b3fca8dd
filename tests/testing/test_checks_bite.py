"""Each check of the contract suite finds the fault it is there for, and says what to do about it."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import os
import sys
import tempfile
import threading
from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import anyio
import anyio.lowlevel
import pytest
from anyio import to_thread
from pydantic import AliasChoices, BaseModel, ConfigDict, Field

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
    Remote,
    Result,
    Takes,
)
from mediasmith.plugin.error_words import answer_text, clause
from mediasmith.plugin.errors import (
    MediaError,
    MissingKey,
    OutOfCredit,
    ProviderError,
    RateLimited,
    Unreachable,
)
from mediasmith.plugin.params import Count, Seed
from mediasmith.testing import CHECKS, Answer, Rig, Sent, cases, png

URL = "http://127.0.0.1:1"
SECONDS = 90.0


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


def findings(folder: Path, rig: Rig, paper: Paper | None, *names: str) -> dict[str, str]:
    """What the checks of these names, or all, have to say against a backend."""
    found: dict[str, str] = {}
    for number, case in enumerate(cases(rig)):
        if not names or case.check.name in names:
            place = folder / str(number)
            place.mkdir()
            try:
                case.run(place, paper)
            except AssertionError as error:
                found[case.check.name] = str(error)
    return found


def rig(paper: Paper, capability: Capability[Client, Any], **changes: Any) -> Rig:
    return Rig(
        backend=backend(paper, capability, **changes),
        wire=lambda: nullcontext(paper),
        failed=FAILED,
        cancelled=CANCEL_ANSWERS,
        seconds=SECONDS,
    )


@pytest.mark.parametrize(
    ("capability", "failed"),
    [(NOW, {}), (LATER, FAILED), (WITH_RESULT, FAILED_WITH_RESULT)],
    ids=["at once", "later", "later, by two requests"],
)
def test_a_backend_without_fault_passes_every_check(
    tmp_path: Path, capability: Capability[Client, Any], failed: Mapping[str, Answer | Sequence[Answer]]
) -> None:
    paper = Paper()
    assert not findings(tmp_path, replace(rig(paper, capability), failed=failed), paper)


# The faults. Each is a small change of a backend that passes.


class Forgetful(PaperParams):
    style: Literal["photo", "drawing"] | None = None


async def without_style(call: Call[Client, Any]) -> Result:
    await call.client.ask("POST", "/make", {**await body_of(call), "style": None})
    return picture()


class Sized(PaperParams):
    size: Literal["64x64", "100x100", "128x128"] | None = None


async def rounding(call: Call[Client, Any]) -> Result:
    body = await body_of(call)
    sent = {**body, "size": "64x64" if body.get("size") == "100x100" else body.get("size")}
    await call.client.ask("POST", "/make", sent)
    return picture()


async def rounding_aloud(call: Call[Client, Any]) -> Result:
    if call.params.size == "100x100":
        call.warn("size 100x100 became 64x64.")
    return await rounding(call)


async def dropping_zero(call: Call[Client, Any]) -> Result:
    body = {word: value for word, value in (await body_of(call)).items() if value}
    await call.client.ask("POST", "/make", body)
    return picture()


class Open(PaperParams):
    model_config = ConfigDict(extra="allow")


class Aliased(PaperParams):
    mood: Literal["calm", "wild"] | None = Field(default=None, validation_alias=AliasChoices("mood", "quality"))


class Either(PaperParams):
    depth: int | str | None = None


class Needy(PaperParams):
    depth: int


async def without_image(call: Call[Client, Any]) -> Result:
    return await make(replace(call, inputs={}))


async def always_first_model(call: Call[Client, Any]) -> Result:
    return await make(replace(call, model=NOW.models[0]))


async def paying_twice(call: Call[Client, Any]) -> Result:
    await make(call)
    return await make(call)


async def trying_again(call: Call[Client, Any]) -> Result:
    try:
        return await make(call)
    except Status:
        return await make(call)


async def trying_again_when_broken(call: Call[Client, Any]) -> Result:
    try:
        return await make(call)
    except Broken:
        return await make(call)


async def forgetting_a_sink(call: Call[Client, Any]) -> Result:
    await call.file("image/png").write(png())
    return await make(call)


async def making_two(call: Call[Client, Any]) -> Result:
    made = await make(call)
    return replace(made, outputs=made.outputs * 2)


class Formatted(PaperParams):
    output_format: Literal["png", "webp"] | None = None


PNG_ONLY = (Model(id="paper-2", accepts={"output_format": ("png",)}),)


async def look_up(_client: Client, _name: str) -> None:
    return None


class Many(PaperParams):
    n: Count = 1


async def making_many(call: Call[Client, Any]) -> Result:
    made = await make(call)
    return replace(made, outputs=made.outputs * call.params.n)


async def fetching_with_the_key(call: Call[Client, Any]) -> Result:
    answer = await call.client.ask("POST", "/make", await body_of(call))
    call.client.paper.fetch(answer["url"], call.client.access.key)
    return picture()


async def having_the_server_send_the_key(call: Call[Client, Any]) -> Result:
    answer = await call.client.ask("POST", "/make", await body_of(call))
    return picture(body=Remote(url=answer["url"], headers={"authorization": call.client.access.key}))


async def making_none(call: Call[Client, Any]) -> Result:
    return replace(await make(call), outputs=())


async def leaving_a_file(call: Call[Client, Any]) -> Result:
    made = await make(call)
    await to_thread.run_sync(partial(tempfile.mkstemp, suffix=".png"))
    return made


async def leaving_a_file_when_it_fails(call: Call[Client, Any]) -> Result:
    try:
        return await make(call)
    except Status:
        await to_thread.run_sync(Path("left.txt").write_bytes, b"")
        raise


async def printing(call: Call[Client, Any]) -> Result:
    print("making")
    return await make(call)


async def telling_the_key(call: Call[Client, Any]) -> Result:
    try:
        return await make(call)
    except Status as error:
        raise ProviderError(f"Paper refused the key ...{call.client.access.key[-8:]}.") from error


async def logging_the_key(call: Call[Client, Any]) -> Result:
    logging.getLogger("paper").info("authorization: Bearer %s", call.client.access.key)
    return await make(call)


async def keeping_the_key(call: Call[Client, Any]) -> Result:
    await make(call)
    return picture(state=PaperId(id="1", beside=call.client.access.key))


async def handing_the_key(call: Call[Client, Any]) -> Accepted:
    accepted: Any = await submit(call)
    return Accepted(handle=PaperId(id=accepted.handle.id, beside=call.client.access.key))


class Shown(Client):
    """A client whose repr tells everything."""

    def __repr__(self) -> str:
        return f"Client(key={self.access.key!r})"


def connecting_shown(paper: Paper) -> Callable[[Access], Any]:
    return lambda access: nullcontext(Shown(paper, access))


async def keeping_what_is_no_json(call: Call[Client, Any]) -> Result:
    await make(call)
    return picture(state=PaperId(id="1", beside=object()))


async def keeping_a_tuple(call: Call[Client, Any]) -> Result:
    await make(call)
    return picture(state=PaperId(id="1", beside=("a", "b")))


async def keeping_a_dict(call: Call[Client, Any]) -> Result:
    await make(call)
    kept: Any = {"id": "1"}
    return picture(state=kept)


async def keeping_too_much(call: Call[Client, Any]) -> Result:
    await make(call)
    return picture(state=PaperId(id="1", beside="x" * 70_000))


async def continuing_nothing(call: Call[Client, Any]) -> Result:
    return await make(replace(call, state=None, inputs={}))


async def claiming_jpeg(call: Call[Client, Any]) -> Result:
    await make(call)
    return picture(mime="image/jpeg")


def sharing() -> Callable[[Call[Client, Any]], Any]:
    """A start that keeps its call where the next one finds it."""
    last: list[Call[Client, Any]] = []

    async def start(call: Call[Client, Any]) -> Result:
        last.append(call)
        await anyio.lowlevel.checkpoint()
        return await make(last[-1])

    return start


def failing_to_explain(error: Exception) -> MediaError | None:
    if isinstance(error, Status):
        raise KeyError(error.args[0])
    return explain(error)


def missing_details(error: Exception) -> MediaError | None:
    known = explain(error)
    if isinstance(error, Status) and known and b"detail" in error.args[1]:
        known.message = "Paper failed."
    return known


async def decoding(call: Call[Client, Any]) -> Result:
    answer = await call.client.ask("POST", "/make", await body_of(call))
    try:
        return picture(body=base64.b64decode(answer["image"], validate=True))
    except ValueError as error:
        raise ProviderError("Paper's picture cannot be read.") from error


async def throwing_answers_away(call: Call[Client, Any]) -> Result:
    try:
        return await make(call)
    except ProviderError as error:
        raise ProviderError(error.message) from error


def explaining_nothing_broken(error: Exception) -> MediaError | None:
    return None if isinstance(error, Broken) else explain(error)


def explaining_all_alike(error: Exception) -> MediaError | None:
    return ProviderError("Paper failed.") if isinstance(error, Status) else explain(error)


def explaining_with_a_traceback(error: Exception) -> MediaError | None:
    return ProviderError(f"Paper failed: {error!r}") if isinstance(error, Broken) else explain(error)


def explaining_all_as_free(error: Exception) -> MediaError | None:
    known = explain(error)
    if known:
        known.billed = "no"
    return known


def explaining_nowhere_as_trouble(error: Exception) -> MediaError | None:
    return ProviderError("Paper failed.") if isinstance(error, Nowhere) else explain(error)


async def believing_answers(call: Call[Client, Any]) -> Result:
    answer = json.loads(await call.client.paper.ask("POST", "/make", await body_of(call)))
    return picture(state=PaperId(id=answer["id"]))


async def taking_anything(call: Call[Client, Any]) -> Result:
    await call.client.paper.ask("POST", "/make", await body_of(call))
    return picture()


async def sleeping(call: Call[Client, Any]) -> Result:
    made = await make(call)
    FREE.wait()
    return made


async def holding_on(call: Call[Client, Any]) -> Result:
    made: list[Result] = []
    with anyio.CancelScope(shield=True):
        made.append(await make(call))
    return made[0]


FREE = threading.Event()
"""Set at the end: what blocks on purpose then ends."""


@pytest.fixture(autouse=True, scope="module")
def freed() -> Generator[None]:
    yield
    FREE.set()


async def answering_once_only(context: Context[Client], handle: PaperId) -> Pending | Result | Failed:
    if handle.id in ASKED:
        raise ProviderError("It was collected already.")
    answer = await poll(context, handle)
    if isinstance(answer, Result):
        ASKED.append(handle.id)
    return answer


ASKED: list[str] = []


async def giving_up(context: Context[Client], handle: PaperId) -> Pending | Result | Failed:
    try:
        return await poll(context, handle)
    except (Status, Broken) as error:
        return Failed(error=explain(error) or ProviderError("Paper failed."))


async def giving_up_the_result(context: Context[Client], handle: PaperId) -> Pending | Result | Failed:
    answer = await poll(context, handle)
    if not isinstance(answer, Result):
        return answer
    try:
        await context.client.ask("GET", f"/jobs/{handle.id}/result")
    except Status as error:
        if error.args[0] == 422:
            return Failed(error=ProviderError("Paper could not draw it."))
        raise
    return answer


async def never_giving_up(context: Context[Client], handle: PaperId) -> Pending | Result | Failed:
    answer = await poll(context, handle)
    return Pending() if isinstance(answer, Failed) else answer


async def hoping(context: Context[Client], handle: PaperId) -> Pending | Result:
    answer = json.loads(await context.client.paper.ask("GET", f"/jobs/{handle.id}"))
    return picture() if answer.get("status") == "done" else Pending()


async def percenting(context: Context[Client], handle: PaperId) -> Pending | Result | Failed:
    answer = await poll(context, handle)
    return Pending(progress=50) if isinstance(answer, Pending) else answer


async def fetching(context: Context[Client], handle: PaperId) -> Pending | Result:
    answer = await context.client.ask("GET", f"/jobs/{handle.id}")
    if answer.get("status") != "done":
        return Pending()
    context.client.paper.fetch(answer["url"])
    return picture()


CLIENTS: list[Client] = []


async def submitting_for_this_client(call: Call[Client, Any]) -> Accepted:
    CLIENTS.append(call.client)
    return await submit(call)


async def knowing_its_client(context: Context[Client], handle: PaperId) -> Pending | Result | Failed:
    if not any(context.client is known for known in CLIENTS):
        raise ProviderError("This is no job of this client.")
    return await poll(context, handle)


async def lists_nothing(_client: Client) -> Sequence[str]:
    return ()


async def always_stopped(context: Context[Client], handle: PaperId) -> Cancellation:
    await cancel(context, handle)
    return "stopped"


async def cancelling_in_vain(context: Context[Client], handle: PaperId) -> Cancellation:
    outcome = await cancel(context, handle)
    if outcome == "too late":
        raise ProviderError("Paper did not cancel it.")
    return outcome


async def cancelling_twice(context: Context[Client], handle: PaperId) -> Cancellation:
    await cancel(context, handle)
    return await cancel(context, handle)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A change of the capability or of the backend, the check that must find it, and words it must say."""

    check: str
    says: str
    of: Capability[Client, Any] = NOW
    capability: Mapping[str, Any] = field(default_factory=dict[str, Any])
    backend: Mapping[str, Any] = field(default_factory=dict[str, Any])
    rig: Mapping[str, Any] = field(default_factory=dict[str, Any])


def planted(check: str, says: str, *, of: Capability[Client, Any] = NOW, **capability: Any) -> Fault:
    return Fault(check=check, says=says, of=of, capability=capability)


def priced(**of: Any) -> tuple[Model, ...]:
    return (Model(id="paper-2", prices=(replace(PRICE, **of),)), Model(id="paper-1"))


FORMED = "it is well formed"
PLAIN = "its parameters are plain and closed"
MODELS = "its models and prices are sound"
LISTED = "list_backends shows it in full"
WORDS = "every parameter reaches the provider"
REST = "the prompt, the model and every input reach the provider"
KEYS = "without a key, the error names the variables"
HIDDEN = "the key shows up nowhere"
ELSEWHERE = "the key goes to no other host"
ONE = "one call is one paying request and one file"
SEVERAL = "as many files come as are asked for"
TYPES = "a file is of the type it is said to be"
STATE = "state survives JSON, and an edit continues from it"
TIDY = "it prints nothing and leaves nothing on the disk"
APART = "concurrent calls share nothing"
STATUS = "every status becomes its error, and is paid for at most once"
TOLD = "the provider's own words are in the error"
SPELLINGS = "a file is read in any spelling of base64"
KEPT = "an answer that cannot be read is kept"
MALFORMED = "a malformed answer is an error"
BROKEN = "a broken connection is an error, and never paid for twice"
NOWHERE = "a provider that cannot be reached costs nothing"
SILENT = "a provider that falls silent is left at the deadline"
CANCELLED = "a cancelled call leaves nothing behind"
HANDLE = "start answers with a handle exactly when there is a poll"
STOPPED = "a job is cancelled at the provider, once"
OUTCOMES = "a cancel says what the provider made of it"
UNSTOPPABLE = "a job that cannot be cancelled goes on and is collected"
OUTLIVES = "a job outlives the deadline and the process"
TROUBLE = "trouble while polling never ends the work"
VERDICT = "an answer that says the work failed ends it"
URLS = "a URL in an answer is left to the server"
LIGHT = "importing it is light and silent"
FREE_LOOP = "the event loop stays free"
FOREIGN_WORDS = "a word it does not take is refused, or left out with a warning"
UNKNOWN = "an unknown status is trouble, not progress"

FAULTS = {
    "a name with capitals": Fault(check=FORMED, says="lower-case letters", backend={"name": "Paper"}),
    "another name than its entry point": Fault(check=FORMED, says="that of its entry point", rig={"name": "papers"}),
    "no page to read": Fault(check=FORMED, says="https page", backend={"docs": ""}),
    "a variable that is none": Fault(check=FORMED, says="environment variable", backend={"env": ("paper org",)}),
    "params that take anything": planted(PLAIN, "keep extra='forbid'", params=Open),
    "params with an alias": planted(PLAIN, "quality without declaring it", params=Aliased),
    "a parameter of two types": planted(PLAIN, "no single JSON type", params=Either),
    "a parameter that must be given": planted(PLAIN, "set it in Rig(base=", params=Needy),
    "no models": planted(FORMED, "no models", models=()),
    "a price below nothing": planted(MODELS, "a price is below 0", models=priced(input_image_usd=-0.01)),
    "a price of tomorrow": planted(MODELS, "still to come", models=priced(as_of=date(2999, 1, 1))),
    "a price from nowhere": planted(MODELS, "the https page", models=priced(source="")),
    "a price of an unknown word": planted(MODELS, "'size', which is no parameter", models=priced(when={"size": "1K"})),
    "a model listed twice": planted(MODELS, "listed twice", models=(Model(id="a"), Model(id="a"))),
    "a model that accepts what the params do not": planted(
        MODELS, "the params do not", models=(Model(id="a", accepts={"mood": ("sad",)}),)
    ),
    "a live list with nothing in it": planted(LISTED, "lists nothing", choices={"mood": lists_nothing}),
    "a parameter that is not sent": planted(WORDS, "the same for style 'photo'", params=Forgetful, start=without_style),
    "a value changed without a warning": planted(WORDS, "call.warn", params=Sized, start=rounding),
    "a zero that is dropped": planted(WORDS, "seed 0 as for no seed", start=dropping_zero),
    "an input that is not sent": planted(REST, "a file in image", start=without_image),
    "a model that is not sent": planted(REST, "model paper-1", start=always_first_model),
    "a key in an error": planted(HIDDEN, "in an error's message, in part", start=telling_the_key),
    "an optional key in an error": Fault(
        check=HIDDEN,
        says="in an error's message, in part",
        capability={"start": telling_the_key},
        backend={"key_optional": True},
    ),
    "a key in the log": planted(HIDDEN, "in the log, whole", start=logging_the_key),
    "a key kept with a file": planted(HIDDEN, "in a handle, state", start=keeping_the_key),
    "a key in a handle": planted(HIDDEN, "in a handle, state", of=LATER, start=handing_the_key),
    "a key that follows a URL": planted(ELSEWHERE, "sent the key to another host", start=fetching_with_the_key),
    "a key for a download elsewhere": planted(ELSEWHERE, "Remote has the key", start=having_the_server_send_the_key),
    "one file where two are due": planted(SEVERAL, "1 files came", params=Many),
    "two paying requests": planted(ONE, "2 paying requests", start=paying_twice),
    "two files where one is due": planted(ONE, "2 files", start=making_two),
    "no file": planted(HANDLE, "without a file", start=making_none),
    "a value that no model accepts": planted(WORDS, "no model accepts", params=Formatted, models=PNG_ONLY),
    "a wrong type": planted(TYPES, "says it is image/jpeg, but", start=claiming_jpeg),
    "state that is no JSON": planted(STATE, "no JSON", start=keeping_what_is_no_json),
    "state that JSON changes": planted(STATE, "changes on its way", start=keeping_a_tuple),
    "state that is no model": planted(STATE, "not a model", start=keeping_a_dict),
    "state that is too large": planted(STATE, "at most 65,536", start=keeping_too_much),
    "an edit that continues nothing": planted(STATE, "neither state nor the saved file", start=continuing_nothing),
    "state without a role for edits": planted(STATE, "no edits role", edits=None),
    "a file left behind": planted(TIDY, "behind", start=leaving_a_file),
    "a file left behind by a failure": planted(TIDY, "left.txt", start=leaving_a_file_when_it_fails),
    "printing": planted(TIDY, "it printed 'making", start=printing),
    "state shared by calls": planted(APART, "local variables", start=sharing()),
    "a second try after an error": planted(STATUS, "2 paying requests", start=trying_again),
    "an error that is always free": Fault(check=BROKEN, says="billed", backend={"explain": explaining_all_as_free}),
    "a second try after a break": planted(BROKEN, "2 paying requests", start=trying_again_when_broken),
    "the provider's words are lost": Fault(check=TOLD, says="says why in detail", backend={"explain": missing_details}),
    "one spelling alone": planted(SPELLINGS, "whose base64 is without padding raised ProviderError", start=decoding),
    "an answer thrown away": planted(KEPT, "raise malformed(name, body)", start=throwing_answers_away),
    "all errors alike": Fault(check=STATUS, says="make it MissingKey", backend={"explain": explaining_all_alike}),
    "an error in explain": Fault(check=HIDDEN, says="explain raised KeyError", backend={"explain": failing_to_explain}),
    "a broken connection unexplained": Fault(
        check=BROKEN, says="raised Broken, which explain", backend={"explain": explaining_nothing_broken}
    ),
    "a repr in a message": Fault(
        check=BROKEN, says="is for programmers", backend={"explain": explaining_with_a_traceback}
    ),
    "not reachable, but billed": Fault(
        check=NOWHERE, says="Unreachable(billed='no')", backend={"explain": explaining_nowhere_as_trouble}
    ),
    "an exception for a malformed answer": planted(
        MALFORMED, "raised JSONDecodeError, which explain", start=believing_answers
    ),
    "a malformed answer taken for success": planted(MALFORMED, "counts as a success", start=taking_anything),
    "blocking for ever": planted(ONE, "blocks the event loop", start=sleeping),
    "cancellation held off at the deadline": planted(SILENT, "swallows cancellation", start=holding_on),
    "cancellation held off": planted(CANCELLED, "swallows cancellation", start=holding_on),
    "a handle without poll": planted(HANDLE, "there is no poll", start=submit),
    "a poll without handles": planted(HANDLE, "leave it out", poll=poll, handle=PaperId),
    "work collected only once": planted(HANDLE, "cannot be polled again", of=LATER, poll=answering_once_only),
    "progress in per cent": planted(HANDLE, "progress is 50", of=LATER, poll=percenting),
    "a cancel that always says the same": planted(OUTCOMES, "means 'asked'", of=LATER, cancel=always_stopped),
    "a cancel that fails where it is too late": planted(
        OUTCOMES, "cancel raised ProviderError for", of=LATER, cancel=cancelling_in_vain
    ),
    "two cancels": planted(STOPPED, "cancel sent 2 requests", of=LATER, cancel=cancelling_twice),
    "a job known to one process only": planted(
        OUTLIVES, "after a restart", of=LATER, start=submitting_for_this_client, poll=knowing_its_client
    ),
    "a URL that it fetches itself": planted(URLS, "answer with Remote", of=LATER, poll=fetching),
    "a job given up at the first trouble": planted(
        TROUBLE, "a page with status 502 at request 1", of=LATER, poll=giving_up
    ),
    "a job given up at trouble of its second request": planted(
        TROUBLE, "status 422 and no words at request 2", of=LATER, poll=giving_up_the_result
    ),
    "a verdict of the second request that is ignored": Fault(
        check=VERDICT, says="did not answer Failed", of=LATER, rig={"failed": FAILED_WITH_RESULT}
    ),
    "a verdict that is ignored": planted(VERDICT, "did not answer Failed", of=LATER, poll=never_giving_up),
    "an unknown status taken for progress": planted(UNKNOWN, "not listed", of=LATER, poll=hoping),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_planted_fault_is_found(tmp_path: Path, fault: Fault) -> None:
    paper = Paper()
    tried = rig(paper, replace(fault.of, **fault.capability), **fault.backend)
    blocks = "cancellation" in fault.says or "blocks" in fault.says
    found = findings(tmp_path, replace(tried, seconds=0.5 if blocks else SECONDS, **fault.rig), paper, fault.check)
    assert fault.says in found[fault.check]


@pytest.mark.parametrize(
    ("check", "capability"),
    [
        (WORDS, replace(NOW, params=Sized, start=rounding_aloud)),
        (ONE, replace(NOW, start=forgetting_a_sink)),
        (SEVERAL, replace(NOW, params=Many, start=making_many)),
        (WORDS, replace(NOW, models=(*NOW.models, Model(id="gone", retires=date(2026, 1, 2))))),
        (REST, replace(NOW, models=(*NOW.models, Model(id="gone", retires=date(2026, 1, 2))))),
        (WORDS, replace(NOW, params=Formatted, models=PNG_ONLY, lookup=look_up)),
        (TYPES, replace(NOW, params=Formatted, models=PNG_ONLY, lookup=look_up)),
    ],
    ids=[
        "a change that is said aloud",
        "a sink that is not returned",
        "two files",
        "a retired model",
        "a retired model's name",
        "a value that only models which are looked up accept",
        "a format that only models which are looked up accept",
    ],
)
def test_what_is_no_fault_passes(tmp_path: Path, check: str, capability: Capability[Client, Any]) -> None:
    paper = Paper()
    assert not findings(tmp_path, rig(paper, capability), paper, check)


# Without a wire, results are compared.


async def draw(call: Call[None, Any]) -> Result:
    said = repr((call.prompt, call.params, [await image.read() for image in call.inputs.get("image", ())]))
    return picture(body=png(colour=hashlib.sha256(said.encode()).digest()[:3]), state=None)


async def draw_without_mood(call: Call[None, Any]) -> Result:
    return await draw(replace(call, params=call.params.model_copy(update={"mood": None})))


async def draw_by_chance(call: Call[None, Any]) -> Result:
    return picture(body=png(colour=os.urandom(3)), state=None)


async def draw_on_the_loop(call: Call[None, Any]) -> Result:
    FREE.wait(0.6)
    return await draw(call)


def sharing_a_drawing() -> Callable[[Call[None, Any]], Any]:
    last: list[Call[None, Any]] = []

    async def start(call: Call[None, Any]) -> Result:
        last.append(call)
        await anyio.lowlevel.checkpoint()
        return await draw(last[-1])

    return start


def nothing(_access: Access) -> AbstractAsyncContextManager[None]:
    return nullcontext()


def local(start: Callable[[Call[Any, Any]], Any]) -> Rig:
    capability: Capability[Any, Any] = replace(NOW, start=start)
    one = backend(Paper(), capability, keys=(), connect=nothing)
    return Rig(backend=one, seconds=SECONDS)


def test_a_backend_without_provider_and_without_fault_passes_every_check(tmp_path: Path) -> None:
    assert not findings(tmp_path, local(draw), None)


@pytest.mark.parametrize(
    ("check", "says", "start"),
    [
        (WORDS, "the same for mood 'wild' as for mood 'calm'", draw_without_mood),
        (WORDS, "two equal calls made different files", draw_by_chance),
        (APART, "local variables", sharing_a_drawing()),
        (FREE_LOOP, "kept the event loop", draw_on_the_loop),
    ],
    ids=["a parameter without effect", "chance", "state shared by calls", "work on the event loop"],
)
def test_a_fault_of_a_backend_without_provider_is_found(
    tmp_path: Path, check: str, says: str, start: Callable[[Call[Any, Any]], Any]
) -> None:
    assert says in findings(tmp_path, local(start), None, check)[check]


@pytest.mark.parametrize(
    ("line", "says"),
    [("import PIL", "loads PIL"), ("print('hello')", "prints b'hello"), ("raise OSError('no disk')", "no disk")],
    ids=["a heavy import", "printing", "an error"],
)
def test_an_import_that_is_heavy_or_loud_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, says: str
) -> None:
    (tmp_path / "imported").mkdir()
    (tmp_path / "imported" / "paper_plugin.py").write_text(f"{line}\n", encoding="utf-8")
    monkeypatch.setattr(sys, "path", [str(tmp_path / "imported"), *sys.path])
    params = type("PluginParams", (PaperParams,), {"__module__": "paper_plugin"})
    paper = Paper()
    tried = rig(paper, replace(NOW, params=params))
    assert says in findings(tmp_path, tried, paper, LIGHT)[LIGHT]


def test_every_check_has_a_fault_that_it_finds() -> None:
    found = {fault.check for fault in FAULTS.values()} | {LIGHT, FREE_LOOP}
    # The server itself keeps these, whatever the backend is like.
    kept_by_the_server = {KEYS, FOREIGN_WORDS, UNSTOPPABLE}
    assert {check.name for check in CHECKS} - kept_by_the_server == found
