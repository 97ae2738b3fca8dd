"""Models that no list has are looked up where a caller, a setting or an edited file names one, and count as listed."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any, Literal

import anyio
import pytest

from fakes.backends import FakeParams, capability, fake, png
from fakes.engines import Scripted, continue_edit, generate, jumping_engine, per_image, running_engine
from fakes.virtual_clock import VirtualClock
from mediasmith.plugin.contract import Backend, Model, Takes
from mediasmith.plugin.errors import (
    InvalidRequest,
    MediaError,
    NothingSuitable,
    OverBudget,
    RateLimited,
    TimedOut,
    Unreachable,
)

STYLE = {"type": "object", "properties": {"style": {"type": "string", "enum": ["ink", "oil"]}}}
FLUX = Model(id="lab/flux", options=STYLE, prices=per_image(0.04), max_prompt=20)
EDITABLE: Any = {"takes": {"image": Takes()}, "edits": "image"}


class StoredLibrary:
    """A provider that has these models without listing them, or cannot be asked. `asked` has the ids asked for."""

    def __init__(self, *models: Model, error: Exception | None = None) -> None:
        self.models = {model.id: model for model in models}
        self.error = error
        self.asked: list[str] = []
        self.provider = Scripted()

    async def __call__(self, _client: None, name: str) -> Model | None:
        self.asked.append(name)
        await anyio.lowlevel.checkpoint()
        if self.error:
            raise self.error
        return self.models.get(name)

    def backend(self, name: str = "shop", **fields: Any) -> Backend[None]:
        return self.provider.backend(name, lookup=self, **fields)


async def test_a_model_that_is_looked_up_is_used_like_a_listed_one(tmp_path: Path) -> None:
    shelf = StoredLibrary(FLUX)
    async with running_engine(tmp_path, shelf.backend()) as engine:
        result = await generate(engine, backend="shop", model="lab/flux", options={"style": "ink"})
        with pytest.raises(InvalidRequest, match=r"has no option 'stile' \(Did you mean style\?\)"):
            await generate(engine, backend="shop", model="lab/flux", options={"stile": "ink"})
        with pytest.raises(InvalidRequest, match="takes prompts of at most 20 characters"):
            await generate(engine, "a" * 21, backend="shop", model="lab/flux")
    [call] = shelf.provider.calls
    assert (result.model, result.warnings) == ("lab/flux", ())
    assert (call.model, call.options) == (FLUX, {"style": "ink"})


async def test_the_files_that_it_takes_count(tmp_path: Path) -> None:
    shelf = StoredLibrary(Model(id="lab/words", takes={"image": None}))
    photo = f"data:image/png;base64,{base64.b64encode(png()).decode()}"
    async with running_engine(tmp_path, shelf.backend(**EDITABLE)) as engine:
        with pytest.raises(InvalidRequest, match="does not take image with lab/words"):
            await generate(engine, backend="shop", model="lab/words", image=[photo])


async def test_its_price_counts(tmp_path: Path) -> None:
    shelf = StoredLibrary(FLUX)
    async with running_engine(tmp_path, shelf.backend()) as engine:
        forecast = await generate(engine, model="lab/flux", dry_run=True)
        with pytest.raises(OverBudget, match="lab/flux is estimated at"):
            await generate(engine, model="lab/flux", max_cost_usd=0.01)
    assert forecast.cost
    assert forecast.cost.usd == 0.04
    assert (forecast.status, shelf.provider.calls) == ("dry_run", [])


async def test_it_keeps_the_name_that_it_was_asked_for_by(tmp_path: Path) -> None:
    shelf = StoredLibrary()
    shelf.models["flux"] = Model(id="lab/flux:3", note="by another name")
    async with running_engine(tmp_path, shelf.backend()) as engine:
        assert (await generate(engine, model="flux")).model == "flux"
    assert shelf.provider.calls[0].model == Model(id="flux", note="by another name")


async def test_a_model_that_there_is_not_is_never_sent(tmp_path: Path) -> None:
    shelf = StoredLibrary(FLUX)
    async with running_engine(tmp_path, shelf.backend()) as engine:
        with pytest.raises(InvalidRequest, match="has no model 'lab/flax' of kind image"):
            await generate(engine, backend="shop", model="lab/flax")
        with pytest.raises(NothingSuitable, match="has no model 'lab/flax' of kind image"):
            await generate(engine, model="lab/flax")
    ways = capability("made", lookup=shelf), capability("edited", start=shelf.provider.start, **EDITABLE)
    async with running_engine(tmp_path, fake("shop", capabilities=ways)) as engine:
        with pytest.raises(InvalidRequest, match="has no model 'lab/flax' of kind image"):
            await generate(engine, backend="shop", model="lab/flax")
    assert shelf.provider.calls == []


# Where it is looked up


async def test_a_kind_that_is_not_given_is_the_one_whose_lookup_answers(tmp_path: Path) -> None:
    films, pictures = StoredLibrary(Model(id="lab/film")), StoredLibrary(FLUX)
    ways = (
        capability("picture", lookup=pictures),
        capability("film", kind="video", start=films.provider.start, models=(Model(id="listed"),), lookup=films),
    )
    async with running_engine(tmp_path, fake("shop", capabilities=ways)) as engine:
        film = await generate(engine, model="lab/film", dry_run=True)
        still = await generate(engine, model="lab/flux", dry_run=True)
        listed = await generate(engine, model="Listed", dry_run=True)
        with pytest.raises(InvalidRequest, match="has no model 'lab/film' of kind image"):
            await generate(engine, kind="image", backend="shop", model="lab/film")
    assert (film.kind, film.warnings) == (
        "video",
        ("kind was not given; video was chosen, as the model lab/film makes that.",),
    )
    assert (still.kind, still.warnings) == ("image", ())
    assert (listed.kind, listed.model) == ("video", "listed")
    assert "listed" not in (name.lower() for name in films.asked)


async def test_words_are_checked_for_the_kind_that_was_found(tmp_path: Path) -> None:
    class Still(FakeParams):
        quality: Literal["low"] | None = None

    class Film(FakeParams):
        quality: Literal["hd"] | None = None

    film = Model(id="lab/film")
    ways = capability("still", params=Still), capability("film", kind="video", params=Film, lookup=StoredLibrary(film))
    async with running_engine(tmp_path, fake("shop", capabilities=ways)) as engine:
        assert (await generate(engine, model="lab/film", quality="HD", dry_run=True)).kind == "video"
        with pytest.raises(InvalidRequest, match='quality is "low"; accepted for kind video: hd'):
            await generate(engine, model="lab/film", quality="low")


async def test_what_is_listed_is_not_looked_up(tmp_path: Path) -> None:
    shelf = StoredLibrary(FLUX)
    async with running_engine(tmp_path, shelf.backend(), fake("other", models=(FLUX,))) as engine:
        assert (await generate(engine, model="LAB/flux", dry_run=True)).backend == "other"
        await generate(engine, dry_run=True)
        assert shelf.asked == []
        assert (await generate(engine, backend="shop", model="lab/flux", dry_run=True)).backend == "shop"


async def test_a_backend_that_is_not_ready_is_not_asked(tmp_path: Path) -> None:
    shelf = StoredLibrary(FLUX)
    closed = fake("closed", capabilities=(capability(lookup=shelf, missing=lambda _access: "Set CLOSED_URL"),))
    unsigned = fake("unsigned", keys=("UNSIGNED_KEY",), lookup=shelf)
    async with running_engine(tmp_path, closed, unsigned, fake("other")) as engine:
        with pytest.raises(NothingSuitable):
            await generate(engine, model="lab/flux")
    assert shelf.asked == []


async def test_what_was_found_is_kept_for_some_minutes(tmp_path: Path) -> None:
    shelf, clock = StoredLibrary(FLUX), VirtualClock()
    async with running_engine(tmp_path, shelf.backend(), clock=clock) as engine:
        for _ in range(3):
            await generate(engine, model="lab/flux", kind="image", dry_run=True)
        assert len(shelf.asked) == 1
        await clock.advance(301)
        await generate(engine, model="lab/flux", kind="image", dry_run=True)
        assert len(shelf.asked) == 2
        for _ in range(2):
            with pytest.raises(NothingSuitable):
                await generate(engine, model="lab/new", kind="image")
        shelf.models["lab/new"] = Model(id="lab/new")
        assert (await generate(engine, model="lab/new", dry_run=True)).model == "lab/new"


# Where it cannot be asked


@pytest.mark.parametrize("given", [{"backend": "shop"}, {"kind": "image"}, {}], ids=["named", "auto", "any kind"])
@pytest.mark.parametrize("error", [Unreachable("No connection."), RateLimited("Slow down."), KeyError("x")])
async def test_a_lookup_that_fails_says_so_and_costs_nothing(
    tmp_path: Path, error: Exception, given: dict[str, Any]
) -> None:
    shelf = StoredLibrary(error=error)
    async with running_engine(tmp_path, shelf.backend(), fake("other")) as engine:
        with pytest.raises(MediaError, match="The model lab/flux could not be looked up: ") as caught:
            await generate(engine, model="lab/flux", **given)
    assert caught.value.billed == "no"
    assert isinstance(caught.value, type(error)) or isinstance(error, KeyError)
    assert (shelf.provider.calls, len(shelf.asked)) == ([], 1)


async def test_a_lookup_has_ten_seconds(tmp_path: Path) -> None:
    async def stuck(_client: None, _name: str) -> Model | None:
        await anyio.sleep_forever()

    async with jumping_engine(tmp_path, fake("shop", lookup=stuck)) as engine:
        began = engine.clock.now()
        with pytest.raises(TimedOut, match="could not be looked up: Shop did not answer in time"):
            await generate(engine, backend="shop", model="lab/flux", kind="image")
        assert engine.clock.now() - began == 10


async def test_a_lookup_that_fails_gives_way_to_a_backend_that_has_the_model(tmp_path: Path) -> None:
    broken, shelf = StoredLibrary(error=Unreachable("No connection.")), StoredLibrary(FLUX)
    async with running_engine(tmp_path, broken.backend("broken", preference=1), shelf.backend()) as engine:
        assert (await generate(engine, model="lab/flux")).backend == "shop"


# By a setting, and in edits


@pytest.mark.parametrize("given", [{}, {"backend": "shop"}], ids=["auto", "named"])
@pytest.mark.parametrize(
    ("shelf", "model", "note"),
    [
        (StoredLibrary(FLUX), "lab/flux", ""),
        (StoredLibrary(), "fake-1", "has no model 'lab/flux' of kind image"),
        (StoredLibrary(error=Unreachable("No connection.")), "fake-1", "could not be looked up: No connection"),
    ],
    ids=["found", "not there", "not asked"],
)
async def test_the_users_default_may_be_looked_up(
    tmp_path: Path, shelf: StoredLibrary, model: str, note: str, given: dict[str, Any]
) -> None:
    async with running_engine(tmp_path, shelf.backend(), defaults={"image": "shop:lab/flux"}) as engine:
        result = await generate(engine, **given)
    assert result.model == model
    assert [note in warning for warning in result.warnings] == [True] * bool(note)


async def test_an_edit_may_name_one(tmp_path: Path) -> None:
    shelf = StoredLibrary(FLUX)
    async with running_engine(tmp_path, shelf.backend(**EDITABLE)) as engine:
        first = await generate(engine)
        edited = await continue_edit(engine, first.continuation_id, model="lab/flux", options={"style": "oil"})
    assert (edited.model, shelf.provider.calls[-1].options) == ("lab/flux", {"style": "oil"})


async def test_an_edit_looks_up_the_model_that_made_the_file(tmp_path: Path) -> None:
    shelf = StoredLibrary(FLUX)
    async with running_engine(tmp_path, shelf.backend(**EDITABLE)) as engine:
        first = await generate(engine, model="lab/flux", options={"style": "ink"})
    async with running_engine(tmp_path, shelf.backend(**EDITABLE)) as engine:
        edited = await continue_edit(engine, first.continuation_id)
        assert (edited.model, shelf.provider.calls[-1].options) == ("lab/flux", {"style": "ink"})
    shelf.error = Unreachable("No connection.")
    async with running_engine(tmp_path, shelf.backend(**EDITABLE), fake("other", **EDITABLE)) as engine:
        with pytest.raises(Unreachable, match="The model lab/flux could not be looked up"):
            await continue_edit(engine, first.continuation_id)
        assert (await continue_edit(engine, first.continuation_id, backend="other")).backend == "other"
    shelf.error, shelf.models = None, {}
    async with running_engine(tmp_path, shelf.backend(**EDITABLE)) as engine:
        edited = await continue_edit(engine, first.continuation_id)
    assert edited.model == "fake-1"
    assert "shop no longer has the model 'lab/flux', which made the file; another one is used." in edited.warnings


async def test_a_capability_that_cannot_edit_is_not_asked_about_the_model_that_made_the_file(tmp_path: Path) -> None:
    shelf = StoredLibrary(FLUX)
    drawn = capability("drawn", lookup=shelf, state=None)
    async with running_engine(tmp_path, fake("shop", capabilities=(drawn,)), fake("other", **EDITABLE)) as engine:
        first = await generate(engine, backend="shop", model="lab/flux")
        shelf.error = Unreachable("No connection.")
    async with running_engine(tmp_path, fake("shop", capabilities=(drawn,)), fake("other", **EDITABLE)) as engine:
        assert (await continue_edit(engine, first.continuation_id)).backend == "other"
