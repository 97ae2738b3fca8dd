"""list_backends with a query: models found by text, in a small answer, or one in full by its id."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anyio
import pytest

from fakes.backends import capability, fake
from fakes.engines import jumping_engine, per_image, running_engine
from mediasmith.plugin.contract import FoundModel, Model
from mediasmith.plugin.errors import InvalidRequest, MediaError, MissingKey, RateLimited, TimedOut
from mediasmith.plugin.kinds import Kind

KLING = FoundModel(id="lab/kling", kind="video", title="Kling", price="0.2 USD per second")
FLUX = FoundModel(id="lab/flux", kind="image")
STYLE = {"type": "object", "properties": {"style": {"type": "string"}}}


class Search:
    """A provider's search, which finds these or fails. `asked` has the kinds and texts."""

    def __init__(self, *found: FoundModel, error: Exception | None = None) -> None:
        self.found = found
        self.error = error
        self.asked: list[tuple[Kind | None, str]] = []

    async def __call__(self, _client: None, kind: Kind | None, query: str) -> Sequence[FoundModel]:
        self.asked.append((kind, query))
        await anyio.lowlevel.checkpoint()
        if self.error:
            raise self.error
        return self.found


def shop(search: Search, name: str = "shop", **fields: Any) -> Any:
    """A backend that makes pictures and films."""
    ways = capability("picture", **fields), capability("film", kind="video", **fields)
    return fake(name, capabilities=ways, search=search)


async def test_a_search_shows_what_the_provider_finds(tmp_path: Path) -> None:
    search = Search(KLING, FLUX, FoundModel(id="lab/tune", kind="music"))
    async with running_engine(tmp_path, shop(search)) as engine:
        both = await engine.list_backends({"backend": "shop", "query": "lab"})
        films = await engine.list_backends({"backend": "shop", "query": " kling 3 ", "kind": "video"})
    assert [match.model_dump(exclude_defaults=True) for match in both.models] == [
        {"backend": "shop", "id": "lab/kling", "kind": "video", "title": "Kling", "price": "0.2 USD per second"},
        {"backend": "shop", "id": "lab/flux", "kind": "image"},
    ]
    assert [match.id for match in films.models] == ["lab/kling"]
    assert search.asked == [(None, "lab"), ("video", "kling 3")]
    assert "as model" in both.next
    assert both.capabilities == ()


async def test_an_answer_is_small(tmp_path: Path) -> None:
    many = Search(
        *(FoundModel(id=f"m{number}", kind="image", title="T" * 500, price="P" * 500) for number in range(99))
    )
    async with running_engine(tmp_path, shop(many), shop(many, "other")) as engine:
        one = await engine.list_backends({"backend": "shop", "query": "m"})
        every = await engine.list_backends({"query": "m"})
    assert (len(one.models), len(every.models)) == (20, 20)
    assert [match.backend for match in every.models[:4]] == ["other", "shop"] * 2
    assert len(one.text()) < 6000


async def test_without_a_search_the_listed_models_are_searched(tmp_path: Path) -> None:
    async def discover(_client: None) -> Sequence[Model]:
        return Model(id="lab/flux-2-pro", note="sharp", prices=per_image(0.03)), Model(id="lab/qwen")

    async with running_engine(tmp_path, fake("one", discover=discover)) as engine:
        found = await engine.list_backends({"backend": "one", "query": "Flux sharp"})
        nothing = await engine.list_backends({"backend": "one", "query": "flux blurred"})
    assert [match.model_dump() for match in found.models] == [
        {"backend": "one", "id": "lab/flux-2-pro", "kind": "image", "title": "sharp", "price": "0.03 USD per image"}
    ]
    assert (nothing.models, nothing.next) == ((), "No model matches. Try fewer or other words.")


@pytest.mark.parametrize("found", [(FLUX, KLING), ()], ids=["found by text, too", "only known by its id"])
async def test_a_query_that_is_an_id_shows_that_model_in_full(tmp_path: Path, found: tuple[FoundModel, ...]) -> None:
    async def lookup(_client: None, name: str) -> Model | None:
        return Model(id=name, options=STYLE, note="sharp") if name == "lab/flux" else None

    pictures = capability("picture", lookup=lookup), capability("film", kind="video", models=(Model(id="listed"),))
    backend = fake("shop", capabilities=pictures, search=Search(*found))
    async with running_engine(tmp_path, backend) as engine:
        shown = await engine.list_backends({"backend": "shop", "query": "lab/flux"})
        nothing = await engine.list_backends({"backend": "shop", "query": "lab/none"})
    [detail] = shown.capabilities
    assert (detail.kind, detail.models) == ("image", ({"id": "lab/flux", "options": STYLE, "note": "sharp"},))
    assert [match.id for match in shown.models] == [match.id for match in found] or shown.models[0].id == "lab/flux"
    assert nothing.capabilities == ()


async def test_a_listed_model_is_shown_in_full_without_being_looked_up(tmp_path: Path) -> None:
    async with running_engine(tmp_path, fake("one", models=(Model(id="a", note="first"), Model(id="b")))) as engine:
        shown = await engine.list_backends({"backend": "one", "query": "A"})
    assert [detail.models for detail in shown.capabilities] == [({"id": "a", "note": "first"},)]


async def test_a_backend_that_is_not_ready_says_so(tmp_path: Path) -> None:
    search = Search(FLUX)
    unsigned = fake("unsigned", keys=("UNSIGNED_KEY",), search=search)
    closed = fake("closed", capabilities=(capability(missing=lambda _access: "set CLOSED_URL"),), search=search)
    async with running_engine(tmp_path, unsigned, closed, fake("other"), shop(Search())) as engine:
        with pytest.raises(MissingKey, match="Set UNSIGNED_KEY and restart the server"):
            await engine.list_backends({"backend": "unsigned", "query": "flux"})
        with pytest.raises(InvalidRequest, match="closed is not ready: set CLOSED_URL"):
            await engine.list_backends({"backend": "closed", "query": "flux"})
        with pytest.raises(InvalidRequest, match="other makes no video"):
            await engine.list_backends({"backend": "other", "query": "flux", "kind": "video"})
        every = await engine.list_backends({"query": "fake"})
    assert [match.backend for match in every.models] == ["other"]
    assert (every.problems, search.asked) == ((), [])


@pytest.mark.parametrize("error", [RateLimited("Slow down."), MissingKey("shop", ["K"], rejected=True), KeyError("x")])
async def test_a_search_that_fails_says_so(tmp_path: Path, error: Exception) -> None:
    async with running_engine(tmp_path, shop(Search(error=error)), fake("other")) as engine:
        with pytest.raises(MediaError, match="The models of shop could not be searched: ") as caught:
            await engine.list_backends({"backend": "shop", "query": "flux"})
    assert caught.value.billed == "no"
    async with running_engine(tmp_path, shop(Search(error=KeyError("x"))), fake("other")) as engine:
        every = await engine.list_backends({"query": "fake"})
    assert [match.backend for match in every.models] == ["other"]
    assert [problem.partition(":")[0] for problem in every.problems] == ["The models of shop could not be searched"]


async def test_a_model_that_cannot_be_looked_up_is_an_error_only_where_nothing_is_found(tmp_path: Path) -> None:
    async def lookup(_client: None, _name: str) -> Model | None:
        raise RateLimited("Slow down.")

    async with running_engine(tmp_path, fake("shop", lookup=lookup, search=Search())) as engine:
        with pytest.raises(RateLimited, match="The model lab/flux could not be looked up: Slow down"):
            await engine.list_backends({"backend": "shop", "query": "lab/flux"})
    async with running_engine(tmp_path, fake("shop", lookup=lookup, search=Search(FLUX))) as engine:
        shown = await engine.list_backends({"backend": "shop", "query": "lab/flux"})
    assert [match.id for match in shown.models] == ["lab/flux"]


async def test_a_search_has_ten_seconds(tmp_path: Path) -> None:
    async def stuck(_client: None, _kind: Kind | None, _query: str) -> Sequence[FoundModel]:
        await anyio.sleep_forever()
        return ()

    async with jumping_engine(tmp_path, fake("shop", search=stuck)) as engine:
        began = engine.clock.now()
        with pytest.raises(TimedOut, match="could not be searched: Shop did not answer in time"):
            await engine.list_backends({"backend": "shop", "query": "flux"})
        assert engine.clock.now() - began == 10
