"""The library as a whole: pages and filters, trees of edits, what was spent, what has changed, and for whom."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import pytest

from fakes.libraries import Place, open_library
from fakes.records import a_job, a_task, an_artifact, record
from mediasmith.storage.library.overview import Filter, Overview, Spent
from mediasmith.storage.library.store import Library

DAY = 86_400.0


@pytest.fixture
async def library(place: Place) -> AsyncGenerator[Library]:
    async with open_library(place) as library:
        yield library


@pytest.fixture
def overview(library: Library) -> Overview:
    return library.overview


async def made(library: Library, name: str, **changes: Any) -> None:
    """Record a job with one artifact."""
    await record(library, a_job(f"job-{name}"), an_artifact(name, f"job-{name}", **changes))


async def found(overview: Overview, **wanted: Any) -> list[str]:
    """Return the ids of the artifacts on the first page of a filter."""
    return [one.id for one in await overview.page(Filter(**wanted), principal="ada", limit=10)]


async def test_an_overview_of_nothing_is_empty(overview: Overview) -> None:
    assert await found(overview) == []
    assert await overview.counts(principal="ada") == {"kind": {}, "backend": {}}
    assert await overview.tree("fox", principal="ada", limit=5) == await overview.spent(principal="ada", since=0) == []
    assert await overview.artifact("fox", principal="ada") is None


async def test_pages_follow_each_other_without_a_gap(library: Library, overview: Overview) -> None:
    for number in range(5):  # the last three were made at the same time
        await made(library, f"{number}", created=100.0 + min(number, 2))
    pages: list[list[str]] = []
    after = None
    while page := await overview.page(Filter(), principal="ada", limit=2, after=after):
        pages.append([one.id for one in page])
        after = (page[-1].created, page[-1].id)
    assert pages == [["4", "3"], ["2", "1"], ["0"]]


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        ({"kind": "video"}, ["film"]),
        ({"backend": "other"}, ["fox"]),
        ({"kind": "video", "backend": "other"}, []),
        ({"since": 200.0}, ["film"]),
        ({"before": 200.0}, ["fox"]),
        ({"since": 100.0, "before": 201.0}, ["film", "fox"]),
        ({"text": "NIGHT"}, ["fox"]),
        ({"text": "a "}, ["film", "fox"]),
        ({"text": "100%"}, ["film"]),
        ({"text": "a_fox"}, []),
        ({"text": "!"}, []),
        ({"text": 'über "alles"'}, ["fox"]),
    ],
)
async def test_filters_find_what_they_say(library: Library, wanted: Any, ids: list[str]) -> None:
    await made(library, "fox", backend="other", prompts=("a Fox at night", 'über "Alles"'))
    await made(library, "film", kind="video", created=200.0, prompts=("a film of 100% snow",))
    assert await found(library.overview, **wanted) == ids


async def test_only_committed_artifacts_of_the_principal_are_seen(library: Library, overview: Overview) -> None:
    await made(library, "staged", token="t")
    await made(library, "bobs", principal="bob", parent="mine")
    await made(library, "mine", parent="bobs")
    await library.save_task(a_task("job-bobs", billed="yes", cost_usd=1.0), at=1.0)
    assert await found(overview) == ["mine"]
    assert await overview.counts(principal="ada") == {"kind": {"image": 1}, "backend": {"test": 1}}
    assert [one.id for one in await overview.tree("mine", principal="ada", limit=5)] == ["mine"]
    assert await overview.tree("bobs", principal="ada", limit=5) == []
    assert await overview.artifact("bobs", principal="ada") is None
    assert await overview.artifact("bobs", principal="bob") is not None
    await library.add_job(a_job("his", principal="bob"), [a_task("his", billed="yes", cost_usd=1.0)])
    assert [one.usd for one in await overview.spent(principal="bob", since=0)] == [1.0]
    assert await overview.running(principal="bob", limit=5) == ["his"]


async def test_a_tree_begins_with_its_first_artifact(library: Library, overview: Overview) -> None:
    parents = {"root": "gone", "left": "root", "right": "root", "leaf": "right", "alone": ""}
    for number, (name, parent) in enumerate(parents.items()):
        await made(library, name, parent=parent, created=100.0 + number)
    for name in ("root", "left", "right", "leaf"):
        tree = [one.id for one in await overview.tree(name, principal="ada", limit=10)]
        assert (tree[0], sorted(tree)) == ("root", ["leaf", "left", "right", "root"])
    assert [one.id for one in await overview.tree("alone", principal="ada", limit=10)] == ["alone"]


async def test_a_large_tree_is_cut_but_never_the_way_to_the_artifact(library: Library, overview: Overview) -> None:
    for number in range(30):
        await made(library, f"{number}", parent=f"{number - 1}")
        await made(library, f"{number}b", parent=f"{number}")
    tree = [one.id for one in await overview.tree("29b", principal="ada", limit=10)]
    assert len(tree) < 45
    assert {"0", "15", "29", "29b", "0b"} <= {*tree}


async def test_a_circle_has_an_end(library: Library, overview: Overview) -> None:
    await made(library, "a", parent="b")
    await made(library, "b", parent="a")
    assert {one.id for one in await overview.tree("a", principal="ada", limit=10)} == {"a", "b"}


async def test_what_was_spent_is_known_by_day_and_backend(library: Library, overview: Overview) -> None:
    days = {"a": DAY, "b": 2 * DAY - 1, "c": 2 * DAY, "d": 2 * DAY, "e": 2 * DAY + 1}
    for name, created in days.items():
        await library.add_job(a_job(name, created=created), [a_task(name)])
    for name, paid in {"a": {"cost_usd": 0.25}, "b": {"estimate_usd": 0.5}, "c": {"backend": "other"}}.items():
        await library.save_task(a_task(name, billed="yes", **paid), at=1.0)
    await library.save_task(a_task("d", billed="no", cost_usd=9.0), at=1.0)
    await library.save_task(a_task("e", billed="unknown", cost_usd=0.125, estimate_usd=9.0), at=1.0)
    assert await overview.spent(principal="ada", since=0.0) == [
        Spent(day=DAY, backend="test", usd=0.75, unknown=0),
        Spent(day=2 * DAY, backend="other", usd=0.0, unknown=1),
        Spent(day=2 * DAY, backend="test", usd=0.125, unknown=0),
    ]
    assert [one.day for one in await overview.spent(principal="ada", since=2 * DAY)] == [2 * DAY, 2 * DAY]
    await library.save_task(a_task("e", billed="no"), at=2.0)
    assert [one.backend for one in await overview.spent(principal="ada", since=2 * DAY)] == ["other"]


async def test_a_change_of_any_process_is_noticed(place: Place, library: Library, overview: Overview) -> None:
    await made(library, "fox")
    before = await overview.revision()
    assert await overview.revision() == before
    async with open_library(place) as other:
        await other.add_job(a_job("new"), [])
    after = await overview.revision()
    assert after != before
    await library.add_job(a_job("newer"), [])
    assert await overview.revision() != after


async def test_what_is_deleted_is_in_no_overview(library: Library, overview: Overview) -> None:
    await made(library, "fox")
    assert not await library.delete_artifact("fox", principal="bob")
    assert await library.delete_artifact("fox", principal="ada")
    assert not await library.delete_artifact("fox", principal="ada")
    assert await found(overview) == []
    assert await overview.counts(principal="ada") == {"kind": {}, "backend": {}}
    assert await overview.existing(["fox"]) == set()
    await made(library, "owl")
    await library.save_job(a_job("job-owl", state="done"))
    assert await overview.existing(["fox", "owl"]) == {"owl"}
    assert await library.prune(before=900.0) == 1
    assert await overview.counts(principal="ada") == {"kind": {}, "backend": {}}


async def test_an_odd_record_is_saved_all_the_same(library: Library, overview: Overview) -> None:
    await made(library, "odd", params={"strength": float("nan")})
    assert await library.artifact("odd", principal="ada") is not None
    await made(library, "bytes", prompts=("caf\udce9",))
    assert "bytes" in await found(overview)
