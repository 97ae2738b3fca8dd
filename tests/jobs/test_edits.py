"""Edits continue from native state, or from the saved file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from fakes.backends import capability, fake, png
from fakes.engines import (
    Scripted,
    accepted,
    continue_edit,
    generate,
    picture,
    read_files,
    running_engine,
)
from fakes.virtual_clock import VirtualClock
from mediasmith.plugin.contract import Call, Output, Params, Request, Result, Takes
from mediasmith.plugin.errors import (
    MediaError,
    StateGone,
)
from mediasmith.plugin.kinds import Role
from mediasmith.plugin.params import Seed

TAKES_AN_IMAGE: Mapping[Role, Takes] = {"image": Takes()}


async def test_an_edit_continues_from_native_state(tmp_path: Path) -> None:
    provider = Scripted(picture(state={"id": 1}), picture(state={"id": 2}))
    async with running_engine(tmp_path, provider.backend(edits="image", takes=TAKES_AN_IMAGE)) as engine:
        first = await generate(engine)
        second = await continue_edit(engine, first.continuation_id)
        await continue_edit(engine, second.continuation_id, "larger")
    assert provider.states == [None, {"id": 1}, {"id": 2}]
    assert [dict(call.inputs) for call in provider.calls] == [{}, {}, {}]


async def test_two_edits_of_one_file_are_two_branches(tmp_path: Path) -> None:
    provider = Scripted(picture(state={"id": 1}))
    async with running_engine(tmp_path, provider.backend(edits="image", takes=TAKES_AN_IMAGE)) as engine:
        first = await generate(engine)
        left = await continue_edit(engine, first.continuation_id, "left")
        right = await continue_edit(engine, first.continuation_id, "right")
    assert provider.states == [None, {"id": 1}, {"id": 1}]
    assert left.parent == right.parent == first.continuation_id
    assert left.continuation_id != right.continuation_id


async def test_a_capability_without_state_is_given_the_saved_file(tmp_path: Path) -> None:
    seen: list[bytes] = []

    async def start(call: Call[None, Any]) -> Result:
        seen.extend([await source.read() for source in call.inputs.get("image", ())])
        return Result(outputs=(Output(body=png(colour=b"\1\2\3"), mime="image/png"),))

    async with running_engine(tmp_path, fake(start=start, edits="image", takes=TAKES_AN_IMAGE)) as engine:
        first = await generate(engine)
        await continue_edit(engine, first.continuation_id)
    assert seen == read_files(first) == [png(colour=b"\1\2\3")]


async def test_the_prompts_that_led_to_a_file_are_handed_over_with_it_but_not_with_state(tmp_path: Path) -> None:
    native, other = Scripted(picture(state={"id": 1}), picture(state={"id": 2})), Scripted()
    one = native.backend(edits="image", takes=TAKES_AN_IMAGE)
    two = other.backend("other", edits="image", takes=TAKES_AN_IMAGE)
    async with running_engine(tmp_path, one, two) as engine:
        first = await generate(engine, "a kite", backend="one")
        second = await continue_edit(engine, first.continuation_id, "make it blue")
        third = await continue_edit(engine, second.continuation_id, "larger", backend="other")
    assert [call.lineage for call in native.calls] == [(), ()]
    assert [call.lineage for call in other.calls] == [("a kite", "make it blue")]
    assert other.calls[0].prompt == "larger"
    assert first.lineage == ()
    assert third.lineage == ("a kite", "make it blue", "larger")


async def test_the_saved_file_replaces_state_that_is_gone_with_a_warning(tmp_path: Path) -> None:
    provider = Scripted(picture(state={"id": 1}), StateGone("The provider has forgotten it."))
    async with running_engine(tmp_path, provider.backend(edits="image", takes=TAKES_AN_IMAGE)) as engine:
        first = await generate(engine)
        second = await continue_edit(engine, first.continuation_id)
    assert second.status == "done"
    assert "The provider has forgotten it. The saved file was sent instead." in second.warnings
    assert provider.states == [None, {"id": 1}, None]
    assert [list(call.inputs) for call in provider.calls] == [[], [], ["image"]]
    assert [call.lineage for call in provider.calls] == [(), (), ("a red kite",)]


async def test_a_saved_file_that_the_model_cannot_edit_is_not_sent(tmp_path: Path) -> None:
    provider = Scripted(picture(state={"id": 1}), StateGone("The provider has forgotten it."))

    def refuses(request: Request[Any]) -> str:
        return "edits no files" if request.inputs else ""

    backend = provider.backend(edits="image", takes=TAKES_AN_IMAGE, refuses=refuses)
    async with running_engine(tmp_path, backend) as engine:
        first = await generate(engine)
        with pytest.raises(StateGone, match=r"The saved file cannot be sent instead: one edits no files\."):
            await continue_edit(engine, first.continuation_id)
    assert len(provider.calls) == 2


async def test_state_that_is_gone_after_paying_is_not_sent_again(tmp_path: Path) -> None:
    provider = Scripted(picture(state={"id": 1}), StateGone("It is gone.", billed="unknown"))
    async with running_engine(tmp_path, provider.backend(edits="image", takes=TAKES_AN_IMAGE)) as engine:
        first = await generate(engine)
        with pytest.raises(StateGone):
            await continue_edit(engine, first.continuation_id)
    assert len(provider.calls) == 2


async def test_state_that_is_gone_falls_back_where_files_cannot_be_edited(tmp_path: Path) -> None:
    provider, other = Scripted(picture(state={"id": 1}), StateGone("It is gone.")), Scripted()
    backends = (
        provider.backend(preference=1),
        other.backend("other", edits="image", takes=TAKES_AN_IMAGE),
    )
    async with running_engine(tmp_path, *backends) as engine:
        first = await generate(engine)
        second = await continue_edit(engine, first.continuation_id)
        assert second.backend == "other"
        assert (await generate(engine)).backend == "one", "it does not rest for that"
    assert [list(call.inputs) for call in other.calls] == [["image"]]


async def test_another_backend_edits_the_saved_file_in_its_own_role(tmp_path: Path) -> None:
    provider, other = Scripted(picture(state={"id": 1})), Scripted()
    takes_subject: Any = {"subject_image": Takes()}
    backends = (
        provider.backend(edits="image", takes=TAKES_AN_IMAGE),
        other.backend("other", edits="subject_image", takes=takes_subject),
    )
    async with running_engine(tmp_path, *backends) as engine:
        first = await generate(engine, backend="one")
        second = await continue_edit(engine, first.continuation_id, backend="other")
    assert (second.backend, second.parent) == ("other", first.continuation_id)
    [call] = other.calls
    assert (call.state, list(call.inputs)) == (None, ["subject_image"])


async def test_a_native_edit_is_not_refused_for_lack_of_an_input_file(tmp_path: Path) -> None:
    provider = Scripted(picture(state={"id": 1}))
    backend = provider.backend(
        edits="image",
        takes={"image": Takes(), "mask": Takes(mimes=("image/png",))},
        refuses=lambda ask: (
            "a mask needs an image" if ask.inputs.get("mask") and not (ask.inputs.get("image") or ask.state) else ""
        ),
    )
    async with running_engine(tmp_path, backend) as engine:
        first = await generate(engine)
        mask = first.files[0].path
        assert (await continue_edit(engine, first.continuation_id, mask=mask)).status == "done"
        with pytest.raises(MediaError, match="a mask needs an image"):
            await generate(engine, mask=mask)
    assert provider.states[1] == {"id": 1}


async def test_an_edit_may_be_accepted_with_a_handle(tmp_path: Path) -> None:
    clock, provider = VirtualClock(), Scripted(accepted(), accepted(), polls=[picture(state={"id": 1})])
    backend = provider.backend(edits="image", takes=TAKES_AN_IMAGE)
    async with running_engine(tmp_path, backend, clock=clock) as engine, clock.autojump():
        first = await generate(engine)
        assert (await continue_edit(engine, first.continuation_id)).status == "done"
    assert provider.states == [None, {"id": 1}]


async def test_two_capabilities_of_one_kind_each_have_their_own_state(tmp_path: Path) -> None:
    class Other(Params):
        seed: Seed | None = None

    first, second = Scripted(picture(state={"id": 1})), Scripted()
    backend = fake(
        capabilities=(
            capability("fine", start=first.start, edits="image", takes=TAKES_AN_IMAGE),
            capability("quick", start=second.start, params=Other, edits="image", takes=TAKES_AN_IMAGE),
        )
    )
    async with running_engine(tmp_path, backend) as engine:
        result = await generate(engine, aspect_ratio="16:9")
        await continue_edit(engine, result.continuation_id)
    assert first.states == [None, {"id": 1}]
    assert second.calls == []


async def test_state_that_does_not_validate_gives_way_to_the_saved_file_with_a_warning(tmp_path: Path) -> None:
    class Named(BaseModel):
        name: str

    provider = Scripted(picture(state={"id": 1}))
    async with running_engine(tmp_path, provider.backend(edits="image", takes=TAKES_AN_IMAGE)) as engine:
        first = await generate(engine)
    changed = provider.backend(edits="image", takes=TAKES_AN_IMAGE, state=Named)
    async with running_engine(tmp_path, changed) as engine:
        second = await continue_edit(engine, first.continuation_id)
    assert (second.status, len(second.warnings)) == ("done", 1)
    assert [(call.state, list(call.inputs)) for call in provider.calls] == [(None, []), (None, ["image"])]
