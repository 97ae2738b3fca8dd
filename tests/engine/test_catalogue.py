"""list_backends: what is here, why it is not ready, and live lists that are asked for once in some minutes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Literal

import anyio
import pytest

from fakes.backends import FakeParams, capability, fake
from fakes.engines import per_image, running_engine
from fakes.virtual_clock import VirtualClock
from mediasmith.plugin.contract import Model, Price, Range, Takes
from mediasmith.plugin.errors import InvalidRequest, ProviderError


class Spoken(FakeParams):
    voice: str | None = None
    language: str | None = None


class Lists:
    """A provider's live lists. `answers` are given one after the other, the last one again and again."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def __call__(self, _client: object) -> Sequence[Any]:
        self.asked += 1
        await anyio.lowlevel.checkpoint()
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, BaseException):
            raise answer
        return answer


async def test_the_table_has_a_row_for_each_thing_a_backend_makes(tmp_path: Path) -> None:
    signed = fake(
        "two",
        keys=("TWO_KEY", "OTHER_KEY"),
        capabilities=(capability("picture"), replace(capability("song"), kind="music", models=(Model(id="s"),))),
    )
    async with running_engine(tmp_path, fake("one", takes={"image": Takes()}), signed) as engine:
        listed = await engine.list_backends({})
        music = await engine.list_backends({"kind": "music"})
    assert [(row.backend, row.kind, row.ready) for row in listed.backends] == [
        ("one", "image", True),
        ("two", "image", False),
        ("two", "music", False),
    ]
    assert listed.backends[0].models == ("fake-1",)
    assert listed.backends[0].takes == ("aspect_ratio", "seed", "image")
    assert listed.backends[1].missing == "Set TWO_KEY or OTHER_KEY and restart the server"
    assert [row.models for row in music.backends] == [("s",)]


async def test_capabilities_of_one_kind_share_a_row(tmp_path: Path) -> None:
    class Tuned(FakeParams):
        quality: Literal["low", "high"] = "low"

    ways = (
        capability("plain", takes={"mask": Takes()}, params=Tuned),
        capability("dear", models=(Model(id="dear-1"),), takes={"image": Takes()}, missing=lambda _access: "pay more"),
        capability("other", models=(Model(id="fake-1"), Model(id="other-1"))),
    )
    closed = capability(missing=lambda _access: "pay first"), capability("too", missing=lambda _access: "pay later")
    async with running_engine(tmp_path, fake("one", capabilities=ways), fake("two", capabilities=closed)) as engine:
        one, two = (await engine.list_backends({})).backends
    assert (one.ready, one.missing, one.models) == (True, "", ("fake-1", "other-1"))
    assert one.takes == ("aspect_ratio", "quality", "seed", "mask")
    assert (two.ready, two.missing, two.models) == (False, "pay first", ("fake-1",))


async def test_one_backend_is_described_in_full(tmp_path: Path) -> None:
    class Params(FakeParams):
        quality: Literal["low", "high"] = "low"

    price = Price(
        usd=0.04,
        per="image",
        input_image_usd=0.002,
        when={"quality": "high"},
        as_of=date(2026, 1, 2),
        source="https://x.invalid",
    )
    model = Model(
        id="m",
        draft=True,
        retires=date(2027, 1, 31),
        max_prompt=4000,
        accepts={"seed": Range(low=0, high=99), "aspect_ratio": ("1:1", "16:9"), "quality": False},
        prices=(price,),
        note="fast",
    )
    backend = fake(
        "one", params=Params, models=(model,), takes={"image": Takes(max=3)}, edits="image", aliases=("uno",)
    )
    async with running_engine(tmp_path, backend) as engine:
        listed = await engine.list_backends({"backend": "UNO"})
    [detail] = listed.capabilities
    assert (listed.backend, listed.title, listed.docs) == ("one", "One", "https://one.invalid/docs")
    assert (detail.kind, detail.ready, detail.edits) == ("image", True, True)
    assert detail.words["quality"] == {"type": "string", "enum": ["low", "high"], "default": "low"}
    assert list(detail.options) == ["mood"]
    assert detail.inputs == {
        "image": {
            "max": 3,
            "required": False,
            "mimes": ["image/png", "image/jpeg", "image/webp"],
            "max_bytes": 50_000_000,
        }
    }
    assert detail.models == (
        {
            "id": "m",
            "draft": True,
            "retires": "2027-01-31",
            "max_prompt": 4000,
            "accepts": {"seed": "0-99", "aspect_ratio": ["1:1", "16:9"], "quality": False},
            "prices": ["0.04 USD per image + 0.002 USD per input image at quality high (2026-01-02)"],
            "note": "fast",
        },
    )


async def test_an_unknown_backend_is_an_error_with_the_closest_name(tmp_path: Path) -> None:
    async with running_engine(tmp_path, fake("openai"), fake("google")) as engine:
        with pytest.raises(InvalidRequest, match="Did you mean openai"):
            await engine.list_backends({"backend": "openia"})


async def test_live_lists_are_shown_and_cached_for_some_minutes(tmp_path: Path) -> None:
    voices, models = Lists(["Ada", "Bob"], ["Cid"]), Lists([Model(id="new", prices=per_image(0.1))])
    backend = fake("one", params=Spoken, choices={"voice": voices}, discover=models)
    clock = VirtualClock()
    async with running_engine(tmp_path, backend, clock=clock) as engine:
        for _ in range(3):
            listed = await engine.list_backends({"backend": "one"})
            assert listed.capabilities[0].choices == {"voice": ("Ada", "Bob")}
            assert [model["id"] for model in listed.capabilities[0].models] == ["new"]
            await clock.advance(90)
        assert (voices.asked, models.asked) == (1, 1)
        await clock.advance(60)
        listed = await engine.list_backends({"backend": "one"})
    assert listed.capabilities[0].choices == {"voice": ("Cid",)}
    assert (voices.asked, models.asked) == (2, 2)


async def test_a_list_that_capabilities_share_is_fetched_once(tmp_path: Path) -> None:
    voices = Lists(["Ada"])
    both = tuple(capability(name, params=Spoken, choices={"voice": voices}) for name in ("a", "b"))
    async with running_engine(tmp_path, fake("one", capabilities=both)) as engine:
        listed = await engine.list_backends({"backend": "one"})
    assert [detail.choices for detail in listed.capabilities] == [{"voice": ("Ada",)}] * 2
    assert voices.asked == 1


async def test_a_backend_that_is_not_ready_is_not_asked(tmp_path: Path) -> None:
    voices = Lists(["Ada"])
    backend = fake("one", keys=("ONE_KEY",), params=Spoken, choices={"voice": voices})
    async with running_engine(tmp_path, backend) as engine:
        listed = await engine.list_backends({"backend": "one"})
        assert (await engine.list_backends({})).backends[0].ready is False
    assert listed.capabilities[0].missing == "Set ONE_KEY and restart the server"
    assert (listed.capabilities[0].choices, voices.asked) == ({}, 0)


async def test_the_table_fetches_nothing(tmp_path: Path) -> None:
    voices = Lists(["Ada"])
    async with running_engine(tmp_path, fake("one", params=Spoken, choices={"voice": voices})) as engine:
        await engine.list_backends({})
    assert voices.asked == 0


@pytest.mark.parametrize(
    "error",
    [ProviderError("Status 500."), KeyError("x"), asyncio.CancelledError()],
    ids=["ours", "odd", "cancelled"],
)
async def test_a_list_that_fails_is_left_out_and_fetched_again(
    tmp_path: Path, error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="mediasmith")
    voices = Lists(error, ["Ada"])
    async with running_engine(tmp_path, fake("one", params=Spoken, choices={"voice": voices})) as engine:
        first = await engine.list_backends({"backend": "one"})
        second = await engine.list_backends({"backend": "one"})
    assert first.capabilities[0].choices == {}
    assert [model["id"] for model in first.capabilities[0].models] == ["fake-1"]
    assert second.capabilities[0].choices == {"voice": ("Ada",)}
    assert "one did not list" in caplog.text


async def test_lists_that_hang_share_one_short_timeout(tmp_path: Path) -> None:
    async def hang(_client: object) -> Sequence[str]:
        await anyio.sleep_forever()
        return ()

    async def hang_too(_client: object) -> Sequence[str]:
        return await hang(_client)

    clock, voices = VirtualClock(), Lists(["Ada"])
    backend = fake(
        "one",
        capabilities=(
            capability("a", params=Spoken, choices={"voice": hang, "language": voices}),
            capability("b", params=Spoken, choices={"voice": hang_too}),
        ),
    )
    async with running_engine(tmp_path, backend, clock=clock) as engine, clock.autojump():
        started = clock.now()
        listed = await engine.list_backends({"backend": "one"})
        assert clock.now() - started == 10
    assert [detail.choices for detail in listed.capabilities] == [{"language": ("Ada",)}, {}]


async def test_listed_names_are_redacted(tmp_path: Path) -> None:
    key = "sk-0123456789"
    voices = Lists([f"\x1b[1mAda {key}", None, 7])
    models = Lists([Model(id="m", note=f"\x00{key}"), "not a model", None])
    backend = fake("one", keys=("ONE_KEY",), params=Spoken, choices={"voice": voices}, discover=models)
    async with running_engine(tmp_path, backend, env={"ONE_KEY": key}) as engine:
        listed = await engine.list_backends({"backend": "one"})
    [detail] = listed.capabilities
    assert detail.choices == {"voice": ("Ada [secret]", "None", "7")}
    assert detail.models == ({"id": "m", "note": "[secret]"},)


async def test_broken_plug_ins_and_invalid_settings_are_named(tmp_path: Path) -> None:
    async with running_engine(tmp_path, fake("one")) as engine:
        object.__setattr__(engine.installation, "problems", ("MEDIASMITH_X is not a setting",))
        object.__setattr__(engine.installation.registry, "broken", {"bad": "ImportError"})
        listed = await engine.list_backends({})
    assert listed.problems == ("MEDIASMITH_X is not a setting",)
    assert listed.broken == {"bad": "ImportError"}
