"""Owners: real processes, real locks, real kills."""

from __future__ import annotations

import re
import stat
import sys
from pathlib import Path

import pytest
from anyio import to_thread
from filelock import BaseFileLock, FileLock, Timeout

from fakes.children import child_process, hold, probe, probe_everything
from mediasmith.jobs.runner.process_locks import Owner, alive
from mediasmith.plugin.errors import MediaError


def files(folder: Path) -> set[str]:
    return {file.stem for file in folder.glob("?" * 26 + ".lock")}


def dead_owners(folder: Path, count: int) -> list[str]:
    """Ids whose files are there and that no process holds, as after a kill."""
    claimed = [Owner.claim(folder) for _ in range(count)]
    for owner in claimed:
        owner.release()
        (folder / f"{owner.id}.lock").touch()
    return [owner.id for owner in claimed]


def test_an_owner_lives_from_claim_to_release(tmp_path: Path) -> None:
    owner = Owner.claim(tmp_path)
    assert alive(tmp_path, owner.id)
    owner.release()
    assert not alive(tmp_path, owner.id)
    assert not files(tmp_path)
    owner.release()


def test_ids_are_26_base32_characters_and_differ(tmp_path: Path) -> None:
    claimed = [Owner.claim(tmp_path) for _ in range(5)]
    for owner in claimed:
        assert len(owner.id) == 26
        assert set(owner.id) <= set("abcdefghijklmnopqrstuvwxyz234567")
        owner.release()
    assert len({owner.id for owner in claimed}) == 5


async def test_the_lock_can_be_released_from_any_thread(tmp_path: Path) -> None:
    owner = await to_thread.run_sync(Owner.claim, tmp_path)
    alias = "a" * 26
    (tmp_path / f"{alias}.lock").hardlink_to(tmp_path / f"{owner.id}.lock")
    assert alive(tmp_path, alias)
    owner.release()
    assert not alive(tmp_path, alias)


def test_owner_files_are_locked_and_probed_by_one_process_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Prove what the two tests with several processes below show only by chance."""
    guard = tmp_path / "owners.lock"
    tried: list[str] = []

    def watched(file: Path) -> BaseFileLock:
        if file != guard:
            tried.append(file.stem)
            with pytest.raises(Timeout):
                FileLock(guard).acquire(blocking=False)
        return FileLock(file)

    [dead] = dead_owners(tmp_path, 1)
    monkeypatch.setattr("mediasmith.jobs.runner.process_locks._lock", watched)
    owner = Owner.claim(tmp_path)
    owner.release()
    assert not alive(tmp_path, dead)
    assert tried == [owner.id, dead]


def test_the_lock_holds_when_nothing_refers_to_the_owner(tmp_path: Path) -> None:
    name = Owner.claim(tmp_path).id
    with child_process(probe, tmp_path) as (_, prober):
        prober.recv()
        prober.send([name])
        assert prober.recv() == [True]


def test_another_process_sees_an_owner_as_alive_until_it_is_killed(tmp_path: Path) -> None:
    with child_process(hold, tmp_path) as (_, child):
        name = child.recv()
        assert alive(tmp_path, name)
        assert alive(tmp_path, name)
        assert files(tmp_path) == {name}
    assert not alive(tmp_path, name)
    assert not files(tmp_path)
    assert not alive(tmp_path, name)


def test_an_owner_that_ends_without_a_release_is_dead(tmp_path: Path) -> None:
    with child_process(hold, tmp_path) as (_, child):
        name = child.recv()
        child.send("end")
        with pytest.raises(EOFError):
            child.recv()
    assert not alive(tmp_path, name)


def test_several_processes_agree_that_an_owner_is_dead(tmp_path: Path) -> None:
    names = dead_owners(tmp_path, 50)
    living = Owner.claim(tmp_path)
    with (
        child_process(probe, tmp_path) as (_, one),
        child_process(probe, tmp_path) as (_, two),
        child_process(probe, tmp_path) as (_, three),
    ):
        probers = (one, two, three)
        assert [prober.recv() for prober in probers] == ["ready"] * 3
        for prober in probers:
            prober.send([*names, living.id])
        for prober in probers:
            assert prober.recv() == [False] * 50 + [True]
    assert files(tmp_path) == {living.id}
    living.release()


def test_an_owner_that_is_being_claimed_never_looks_dead(tmp_path: Path) -> None:
    with child_process(probe_everything, tmp_path) as (_, one), child_process(probe_everything, tmp_path) as (_, two):
        assert [one.recv(), two.recv()] == ["ready", "ready"]
        claimed = [Owner.claim(tmp_path) for _ in range(40)]
        for prober in (one, two):
            prober.send("stop")
            tried, dead = prober.recv()
            assert tried
            assert not dead
    assert files(tmp_path) == {owner.id for owner in claimed}
    for owner in claimed:
        owner.release()


@pytest.mark.parametrize(
    "name", ["", "a" * 26, "../outside" + "a" * 16, "A" * 26, "a" * 1_000_000, "\0" * 26, "\ud800" * 26, "owners"]
)
def test_a_name_that_was_never_claimed_is_dead_and_leaves_no_trace(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "owners"
    assert not alive(folder, name)
    assert not folder.exists()


def test_a_name_cannot_lead_out_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "owners").mkdir()
    outside = tmp_path / "outside.lock"
    outside.touch()
    assert not alive(tmp_path / "owners", "../outside")
    assert outside.exists()


def test_a_folder_that_cannot_be_made_is_an_error_that_names_it(tmp_path: Path) -> None:
    folder = tmp_path / "file" / "owners"
    folder.parent.touch()
    with pytest.raises(MediaError, match=f"{re.escape(str(folder))} cannot be used"):
        Owner.claim(folder)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_other_users_cannot_read_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "owners"
    owner = Owner.claim(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}
    owner.release()
