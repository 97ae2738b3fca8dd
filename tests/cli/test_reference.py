"""The tables of the reference: what is installed, in words, the same on every machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field

from fakes.backends import FakeParams, capability, fake
from mediasmith.cli.reference import regenerate
from mediasmith.config.installation import Installation
from mediasmith.config.registry import Registry
from mediasmith.config.settings import Settings, variable
from mediasmith.plugin.contract import Backend, Model, Params, Price, Range, Takes
from mediasmith.plugin.params import AspectRatio
from mediasmith_stub.backends import stub_now, stub_stream


def installed(*backends: Backend[Any], **changed: Any) -> Installation:
    registry = Registry(backends={backend.name: backend for backend in backends}, broken={})
    return replace(Installation(settings=Settings(), registry=registry, env={}), **changed)


def part(name: str, *backends: Backend[Any]) -> list[str]:
    """The lines that one pair of markers gives rise to."""
    first, *lines, last = regenerate(f"<!-- {name} -->\n<!-- /{name} -->", installed(*backends)).split("\n")
    assert (first, last) == (f"<!-- {name} -->", f"<!-- /{name} -->")
    return lines


def rows(name: str, *backends: Backend[Any]) -> list[list[str]]:
    """The cells of one table, its head first."""
    blank, *lines, end = part(name, *backends)
    assert (blank, end) == ("", "")
    cells = [line.removeprefix("| ").removesuffix(" |").split(" | ") for line in lines]
    assert cells[1] == ["---"] * len(cells[0])
    assert {len(row) for row in cells} == {len(cells[0])}
    return [cells[0], *cells[2:]]


class Described(Params):
    mood: Annotated[Literal["calm", "wild"], Field(description="How it feels: calm | wild,\nnever <b>.")] = "calm"


def test_kinds_are_in_the_usual_order_with_the_backends_that_make_them() -> None:
    both = (capability("picture"), capability("other"), capability("voice", kind="speech"))
    assert rows("kinds", stub_stream, fake("two", capabilities=both), stub_now) == [
        ["kind", "media type", "made by"],
        ["image", "image", "two, stub_now"],
        ["speech", "audio", "stub_stream, two"],
    ]


def test_a_backend_has_its_provider_kinds_and_keys() -> None:
    kinds = (capability("voice", kind="speech"), capability("picture", takes={"image": Takes()}, edits="image"))
    signed = fake("two", keys=("A_KEY", "B_KEY"), env=("TWO_PROJECT",), aliases=("deux",), capabilities=kinds)
    assert rows("backends", fake("one"), replace(signed, title="Two <2>")) == [
        ["backend", "provider", "makes", "edits files", "key", "other variables"],
        ["one", "[One](https://one.invalid/docs)", "image", "", "none needed", ""],
        [
            *("two or deux", "[Two &lt;2>](https://two.invalid/docs)", "speech, image", "image"),
            *("`A_KEY` or `B_KEY`", "`TWO_PROJECT`"),
        ],
    ]


def test_a_backend_has_its_settings_and_says_that_its_key_is_optional() -> None:
    class Engine(BaseModel):
        steps: int = 20

    backend = replace(fake("one", keys=("ONE_KEY",)), key_optional=True, settings=Engine)
    assert rows("backends", backend)[1][-2:] == ["`ONE_KEY`, optional", "`MEDIASMITH_ONE_STEPS`"]
    assert part("environment", backend)[:2] == ["  - ONE_KEY", "  - MEDIASMITH_ONE_STEPS"]


def test_a_model_has_its_retirement_price_and_restrictions() -> None:
    cheap = Price(usd=0.01, per="image", as_of=date(2026, 1, 2), source="https://one.invalid")
    dear = replace(cheap, usd=0.04, input_image_usd=0.01, when={"quality": "high"})
    models = (
        Model(id="best", prices=(cheap, dear), max_prompt=32_000, note="the | best"),
        Model(id="old", draft=True, retires=date(2025, 1, 31), accepts={"seed": Range(low=0, high=9), "n": False}),
        Model(id="odd", accepts={"aspect_ratio": ("1:1", "16:9"), "seed": Range(low=1, high=1), "mood": True}),
    )
    head, *table = rows("models", fake("one", models=models))
    assert head == [
        *("backend", "kind", "model", "used", "retires", "price", "longest prompt", "accepts", "note"),
    ]
    costs = (
        "0.01 USD per image (2026-01-02)",
        "0.04 USD per image + 0.01 USD per input image at quality high (2026-01-02)",
    )
    assert table == [
        [
            *("one", "image", "`best`", "by default", ""),
            "<br>".join(costs),
            *("32,000 characters", "", r"the \| best"),
        ],
        ["one", "image", "`old`", "for drafts", "2025-01-31", "", "", "`seed` 0-9; no `n`", ""],
        ["one", "image", "`odd`", "", "", "", "", "`aspect_ratio` 1:1, 16:9; `seed` 1", ""],
    ]


def test_capabilities_of_the_same_kind_have_their_names() -> None:
    table = rows("models", fake("one", capabilities=(capability("svg"), capability("pixels"))))
    assert [row[1] for row in table] == ["kind", "image (svg)", "image (pixels)"]


def test_a_key_has_its_provider_and_what_it_is_good_for() -> None:
    with_key = fake("one", keys=("ONE_KEY", "ONE_TOKEN"), kind="sound_effect")
    assert rows("keys", with_key, fake("two")) == [
        ["provider", "key", "makes"],
        ["One", "`ONE_KEY` or `ONE_TOKEN`", "sound effect"],
    ]


def test_an_option_has_its_values_default_and_description() -> None:
    assert rows("options", stub_now, fake("two", params=Described)) == [
        ["backend", "kind", "option", "accepts", "default", "meaning"],
        ["stub_now", "image", "`style`", "`photo`, `drawing`", "", ""],
        ["two", "image", "`mood`", "`calm`, `wild`", "`calm`", r"How it feels: calm \| wild, never &lt;b>."],
    ]


class Shape(Params):
    width: int = 1


class Formed(Params):
    text: str | None = None
    short: Annotated[str, Field(max_length=40)] = ""
    flag: bool = False
    whole: Annotated[int, Field(ge=1, le=50)] | None = None
    open_ended: Annotated[float, Field(gt=0)] = 0.5
    below: Annotated[float, Field(lt=10_000_000)] = 1
    share: Annotated[float, Field(ge=0, lt=1)] | None = None
    several: tuple[Literal["a", "b"], ...] = ()
    level: Literal[1, 2, None] = None  # noqa: PYI061 - the form whose schema lists null
    shape: Shape | None = None
    either: int | str = 1


FORMS = [
    ["text", "text", ""],
    ["short", "text of at most 40", ""],
    ["flag", "true or false", "`false`"],
    ["whole", "a whole number from 1 to 50", ""],
    ["open_ended", "a number above 0", "`0.5`"],
    ["below", "a number below 10000000", "`1`"],
    ["share", "a number from 0 below 1", ""],
    ["several", "a list of `a`, `b`", ""],
    ["level", "`1`, `2`", ""],
    ["shape", "an object", ""],
    ["either", "any JSON value", "`1`"],
]


def test_every_type_of_parameter_is_described_in_words() -> None:
    table = rows("options", fake("one", params=Formed))
    assert [[name.strip("`"), accepts, default] for _, _, name, accepts, default in table[1:]] == FORMS


def test_a_shared_parameter_is_binding_or_advisory_and_names_the_backends_that_accept_it() -> None:
    class Ratio(Params):
        aspect_ratio: AspectRatio | None = None

    pictures = (capability("picture"), capability("film", kind="video", params=Ratio))
    table = rows("parameters", fake("one", capabilities=pictures), stub_now)
    assert table[0] == ["parameter", "strength", "meaning", "accepted by"]
    by_name = {row[0]: row for row in table[1:]}
    assert by_name["`aspect_ratio`"][1::2] == ["binding", "one (image, video), stub_now (image)"]
    assert by_name["`seed`"][1::2] == ["advisory", "one (image), stub_now (image)"]
    assert by_name["`n`"][1::2] == ["binding", "every backend"]
    assert "`voice`" not in by_name


def test_an_input_has_its_argument_number_types_and_size() -> None:
    takes = {
        "mask": Takes(mimes=("image/png",), max_bytes=20 << 20),
        "style_image": Takes(required=True, mimes=("image/png", "image/x-odd"), max_bytes=1_500_000),
        "image": Takes(max=4, max_bytes=12_345),
    }
    backend = fake("one", capabilities=(replace(capability(), takes=takes),))
    assert rows("inputs", backend) == [
        ["argument", "backend", "kind", "how many", "types", "largest"],
        ["`image`", "one", "image", "up to 4", "png, jpg, webp", "12,345 bytes"],
        ["`image`, as `style=FILE`", "one", "image", "1, required", "png, image/x-odd", "1.5 MB"],
        ["`mask`", "one", "image", "1", "png", "20 MiB"],
    ]


def test_limits_are_those_of_the_server() -> None:
    table = {row[0]: row[1:] for row in rows("limits")}
    assert table["Prompts in one batch."] == ["16", ""]
    assert table["Seconds that a call waits for its job."] == ["40, at most 600", "`MEDIASMITH_WAIT_SECONDS`"]
    assert table["Size of a file that is read as a `media://` resource."] == ["6 MiB", ""]
    assert table["A preview."] == ["512 pixels, 60,000 bytes", ""]
    assert table["Bytes of the largest input file."] == ["200,000,000", "`MEDIASMITH_MAX_INPUT_BYTES`"]


def test_every_setting_is_described() -> None:
    table = {row[0].strip("`"): row[1:] for row in rows("settings")[1:]}
    assert list(table) == [*map(variable, Settings.model_fields), "MEDIASMITH_NAME_BASE_URL"]
    assert table["MEDIASMITH_PREVIEW"] == ["Add small previews to answers.", "1 or 0", "`1`"]
    assert table["MEDIASMITH_CONCURRENCY"][1:] == ["a whole number from 1 to 256", "`32`"]
    assert [table[name][-1] for name in ("MEDIASMITH_DATA_DIR", "MEDIASMITH_DEFAULTS", "MEDIASMITH_ORDER")] == [""] * 3


def test_front_matter_lists_variables_and_keywords_without_duplicates() -> None:
    sound = fake("two", keys=("STUB_KEY",), env=("TWO_ENV",), aliases=("deux",), kind="sound_effect")
    assert part("environment", stub_now, sound)[:4] == [
        *("  - STUB_KEY", "  - STUB_TIMEOUT_SECONDS", "  - TWO_ENV", "  - MEDIASMITH_OUTPUT_DIR"),
    ]
    assert part("keywords", stub_now, stub_stream, sound) == [
        *("  - image", "  - speech", "  - sound effect", "  - audio"),
        *("  - stub_now", "  - stub_stream", "  - two", "  - deux"),
    ]


def test_empty_columns_and_empty_tables_are_left_out() -> None:
    assert rows("models", fake("one")) == [
        ["backend", "kind", "model", "used"],
        ["one", "image", "`fake-1`", "by default"],
    ]
    assert part("options", stub_stream) == part("kinds") == ["", "None.", ""]


PAGE = """\
---
keywords:
  - first
  # <!-- keywords -->
  - stale
  # <!-- /keywords -->
---
Before `<!-- kinds -->` in a sentence.

<!-- a remark -->
  <!-- kinds -->
stale
<!-- /kinds -->
After.
"""


def test_only_text_between_markers_changes() -> None:
    page = regenerate(PAGE, installed(stub_stream))
    outside = [line for line in PAGE.split("\n") if "stale" not in line]
    assert [line for line in page.split("\n") if line in outside and line] == [line for line in outside if line]
    assert "stale" not in page
    assert "  # <!-- keywords -->\n  - speech\n" in page
    assert page.endswith("| speech | audio | stub_stream |\n\n<!-- /kinds -->\nAfter.\n")


def test_regenerating_a_page_twice_changes_nothing() -> None:
    here = installed(stub_now, stub_stream)
    assert regenerate(regenerate(PAGE, here), here) == regenerate(PAGE, here)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["<!-- colours -->", "<!-- /colours -->"], "Line 1 names an unknown table, colours. Known: kinds, backends, "),
        (["", "<!-- kinds -->"], "kinds is opened but not closed"),
        (["<!-- kinds -->", "<!-- parameters -->"], "Line 2 opens parameters inside kinds"),
        (["<!-- kinds -->", "<!-- /parameters -->"], "Line 2 closes parameters, but kinds is open"),
        (["<!-- /parameters -->"], "Line 1 closes parameters, but nothing is open"),
    ],
)
def test_a_wrong_marker_is_an_error_that_names_the_line(lines: Sequence[str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        regenerate("\n".join(lines), installed(stub_now))


EVERYTHING = "\n".join(
    f"<!-- {name} -->\n<!-- /{name} -->"
    for name in ("kinds", "backends", "models", "options", "parameters", "inputs", "limits", "settings", "environment")
)


def test_the_tables_do_not_depend_on_keys_settings_or_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    backends = (fake("one", params=FakeParams, keys=("ONE_KEY",)), stub_now)
    before = regenerate(EVERYTHING, installed(*backends))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("ONE_KEY", "sk-0123456789")
    monkeypatch.setenv("MEDIASMITH_CONCURRENCY", "7")
    monkeypatch.chdir(tmp_path)
    settings = Settings(preview=False, max_input_bytes=1, wait_seconds=1, order=("stub_now",), data_dir=tmp_path)
    env = {"ONE_KEY": "sk-0123456789", "MEDIASMITH_CONCURRENCY": "7"}
    after = regenerate(EVERYTHING, installed(*backends, settings=settings, env=env))
    assert after == before
    assert str(Path.home()) not in after
    assert "sk-0123456789" not in after
