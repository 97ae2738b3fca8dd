"""Artifacts in a bucket of an S3-compatible store: saved once, waited for, read from everywhere."""

from __future__ import annotations

import hashlib
import io
import os
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from anyio.abc import ByteStream, SocketAttribute
from PIL import Image

from fakes.destinations import LIMIT, listed, png, unexpected
from fakes.records import a_job, an_artifact
from fakes.s3 import Store, free_port, running_store, store_env
from fakes.virtual_clock import VirtualClock
from mediasmith.config.allowed_folders import AllowedFolders
from mediasmith.plugin import media
from mediasmith.plugin.errors import MediaError, NotAllowed
from mediasmith.storage.artifacts.bucket import Bucket
from mediasmith.storage.artifacts.bucket_artifacts import BucketArtifacts
from mediasmith.storage.artifacts.bucket_destination import BucketDestination
from mediasmith.storage.library.records import Artifact

pytestmark = pytest.mark.fleet

JOB = "j" * 26
NOWHERE = AllowedFolders(output=Path("/nowhere"), allowed=())


@pytest.fixture
def bucket(store: Store, bucket_url: str) -> Bucket:
    return Bucket(bucket_url, env=store.env)


@pytest.fixture
def files(bucket: Bucket, tmp_path: Path) -> BucketArtifacts:
    return BucketArtifacts(bucket=bucket, folder=tmp_path / "files", clock=VirtualClock())


async def opened(files: BucketArtifacts, output: str = "", principal: str = "ada") -> BucketDestination:
    return await files.open(NOWHERE, output, job_id=JOB, principal=principal)


async def staged(place: BucketDestination, data: bytes, name: str = "fox.png", mime: str = "image/png") -> Artifact:
    """A file that is written and not committed."""
    facts = await place.temporary.save("token", data, max_bytes=LIMIT)
    path, sha256 = str(place.folder / name), facts.sha256
    return an_artifact(path=path, token="token", mime=mime, bytes=facts.bytes, sha256=sha256)


async def saved(files: BucketArtifacts, data: bytes, name: str = "fox.png", mime: str = "image/png") -> Artifact:
    """A file in the bucket."""
    place = await opened(files)
    artifact = await staged(place, data, name, mime)
    await place.commit(artifact, trouble=unexpected)
    await place.close()
    return artifact


async def test_a_file_is_saved_under_the_key_that_was_known_before(files: BucketArtifacts, tmp_path: Path) -> None:
    place = await opened(files, "my fox é.png")
    assert (place.stem, place.extension) == ("my fox é", "png")
    artifact = await staged(place, png(), "my fox é.png")
    principal = hashlib.sha256(b"ada").hexdigest()[:32]
    assert artifact.path == f"{principal}/{JOB}/my fox é.png"
    assert await place.commit(artifact, trouble=unexpected) == (artifact.path, False)
    await place.close()
    assert listed(tmp_path) == set()
    assert await files.read(artifact) == png()
    assert await files.size(artifact) == len(png())


async def test_a_commit_can_be_repeated_by_another_process(files: BucketArtifacts) -> None:
    artifact = await saved(files, png())
    second = await files.reopen(NOWHERE, a_job(JOB, folder=str(Path(artifact.path).parent), stem="fox"))
    assert second.stem == "fox"
    assert await second.commit(artifact, trouble=unexpected) == (artifact.path, False)
    again = await staged(second, png())  # collected once more by its handle
    assert await second.commit(again, trouble=unexpected) == (artifact.path, False)


async def test_what_was_never_saved_is_not_taken_for_saved(files: BucketArtifacts) -> None:
    place = await opened(files)
    lost = an_artifact(path=str(place.folder / "lost.png"), token="lost")
    with pytest.raises(FileNotFoundError):
        await place.commit(lost, trouble=unexpected)
    artifact = await saved(files, png())
    same_size = an_artifact(path=artifact.path, token="lost", bytes=artifact.bytes)
    with pytest.raises(FileNotFoundError):
        await place.commit(same_size, trouble=unexpected)


async def test_another_file_of_the_same_name_is_kept(files: BucketArtifacts) -> None:
    first = await saved(files, b"GIF89a" + bytes(30))
    place = await opened(files)
    second = await staged(place, b"GIF89a" + bytes(29) + b"!")
    path, renamed = await place.commit(second, trouble=unexpected)
    assert (path, renamed) == (first.path.replace("fox.png", "fox-2.png"), True)
    assert await files.read(first) == b"GIF89a" + bytes(30)
    assert await files.read(an_artifact(path=path)) == b"GIF89a" + bytes(29) + b"!"
    assert await place.commit(second, trouble=unexpected) == (path, True)


async def test_a_store_that_is_away_is_waited_for(tmp_path: Path) -> None:
    port, clock = free_port(), VirtualClock()
    bucket = Bucket("s3://later/prefix", env=store_env(f"http://127.0.0.1:{port}"))
    files = BucketArtifacts(bucket=bucket, folder=tmp_path / "files", clock=clock)
    with pytest.raises(MediaError, match="store of the files cannot be used"):
        await opened(files)  # nothing is paid for without a store
    place = await files.reopen(NOWHERE, a_job(JOB, folder="ada/job"))
    artifact = await staged(place, png())
    said: list[str] = []
    with ExitStack() as later:

        def trouble(error: MediaError) -> None:
            said.append(str(error))
            if len(said) == 3:
                later.enter_context(running_store(port)).make_bucket("later")

        async with clock.autojump():
            assert await place.commit(artifact, trouble=trouble) == (artifact.path, False)
        assert await files.read(artifact) == png()
    assert len(said) == 3
    assert "MEDIASMITH_STORE_URL" in said[0]
    assert not any("fox" in text or JOB in text for text in said)  # words of a prompt, which is nothing for a log
    assert clock.now() - VirtualClock().now() == 1 + 2 + 4


async def test_a_file_that_another_process_fails_to_save_at_the_same_time_is_saved(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, create, answers = VirtualClock(), Bucket.create, [False]
    files = BucketArtifacts(bucket=bucket, folder=tmp_path / "files", clock=clock)

    async def conflict(*given: Any, **more: Any) -> bool:
        return answers.pop() if answers else await create(*given, **more)

    monkeypatch.setattr(Bucket, "create", conflict)
    place = await opened(files)
    artifact = await staged(place, png())
    said: list[MediaError] = []
    async with clock.autojump():
        assert await place.commit(artifact, trouble=said.append) == (artifact.path, False)
    assert await files.read(artifact) == png()
    assert len(said) == 1


@asynccontextmanager
async def slow_store(answer: Callable[[ByteStream], Awaitable[None]]) -> AsyncGenerator[Bucket]:
    """A bucket whose store receives each request by this function, and then accepts it."""

    async def serve(stream: ByteStream) -> None:
        async with stream:
            await answer(stream)
            await stream.send(b"HTTP/1.1 200 OK\r\nETag: 1\r\nContent-Length: 0\r\n\r\n")

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(SocketAttribute.local_port)
    async with listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, serve)
        yield Bucket("s3://slow", env=store_env(f"http://127.0.0.1:{port}"))
        group.cancel_scope.cancel()


async def test_a_large_file_has_longer_to_reach_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mediasmith.storage.artifacts.s3_client._SECONDS", 0.2)
    monkeypatch.setattr("mediasmith.storage.artifacts.s3_client._SLOWEST", 10.0)
    film = tmp_path / "film"
    film.write_bytes(bytes(100))

    async def answer(stream: ByteStream) -> None:
        while bytes(100) not in await stream.receive():
            pass
        await anyio.sleep(0.5)

    async with slow_store(answer) as bucket:
        assert await bucket.create("film", film, mime="video/mp4", disposition="inline", sha256="")


async def test_a_file_is_not_held_in_memory_while_it_is_saved(tmp_path: Path) -> None:
    size, held = 100_000_000, list[int]()
    film = tmp_path / "film"
    film.touch()
    os.truncate(film, size)

    async def answer(stream: ByteStream) -> None:
        received = 0
        while received < size:
            received += len(await stream.receive(1_000_000))
            held.append(memory_held())

    async with slow_store(answer) as bucket:
        before = memory_held()
        assert await bucket.create("film", film, mime="video/mp4", disposition="inline", sha256="")
    assert max(held) - before < size / 4


async def test_little_of_an_object_that_may_be_replaced_is_held_in_memory(bucket: Bucket, tmp_path: Path) -> None:
    size, held = 100_000_000, [memory_held()]
    film = tmp_path / "film"
    film.touch()
    os.truncate(film, size)

    async def watch() -> None:
        while True:
            held.append(memory_held())
            await anyio.sleep(0.005)

    with film.open("rb") as content:
        async with anyio.create_task_group() as group:
            group.start_soon(watch)
            await bucket.put("film", content, mime="video/mp4")
            group.cancel_scope.cancel()
    assert max(held) - held[0] < size / 3


def memory_held() -> int:
    """Return the bytes that this process holds in memory and that no file has."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return 1024 * int(status["RssAnon"].split()[0])


async def test_a_missing_bucket_is_found_before_anything_is_paid_for(store: Store, tmp_path: Path) -> None:
    bucket = Bucket("s3://missing", env=store.env)
    with pytest.raises(MediaError, match="cannot be used"):
        await opened(BucketArtifacts(bucket=bucket, folder=tmp_path / "files", clock=VirtualClock()))


@pytest.mark.parametrize("output", ["folder/", "a/b.png", "/tmp/a.png", "..", "C:\\a.png"])
async def test_an_output_in_a_folder_is_refused_by_name(files: BucketArtifacts, output: str) -> None:
    with pytest.raises(NotAllowed, match="output: the files of this server are kept in a store"):
        await opened(files, output)


async def test_a_file_of_several_chunks_is_read_whole_and_in_ranges(
    files: BucketArtifacts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mediasmith.storage.artifacts.bucket._CHUNK", 1000)
    data = b"".join(number.to_bytes(2) for number in range(5000))
    artifact = await saved(files, data, "sound.wav", "audio/wav")
    copy = await files.local(artifact, tmp_path / "scratch")
    assert (copy.name, copy.read_bytes()) == ("sound.wav", data)
    assert b"".join([chunk async for chunk in files.stream(artifact, 999, 3001)]) == data[999:3001]


@pytest.mark.parametrize(
    "name", ["100%.png", "a#b?.png", "~a {b} [c].png", "e\u0301 \u4f60.png", "a'b+&=.png", "%2e.png"]
)
async def test_any_name_is_a_key(files: BucketArtifacts, name: str) -> None:
    artifact = await saved(files, png(), name)
    assert await files.read(artifact) == png()
    assert await files.size(artifact) == len(png())
    async with httpx2.AsyncClient() as browser:
        assert (await browser.get(await files.presigned(artifact, seconds=60))).content == png()
    assert await files.delete(artifact)
    assert await files.size(artifact) is None


async def test_without_its_store_a_file_has_no_preview(tmp_path: Path) -> None:
    bucket = Bucket("s3://away", env=store_env(f"http://127.0.0.1:{free_port()}"))
    files = BucketArtifacts(bucket=bucket, folder=tmp_path / "files", clock=VirtualClock())
    assert await files.previews([an_artifact()]) == []
    assert await files.thumbnail(an_artifact()) is None
    with pytest.raises(MediaError, match="cannot be used"):
        await files.read(an_artifact())


async def test_a_file_that_is_gone_says_so(files: BucketArtifacts, tmp_path: Path) -> None:
    artifact = await saved(files, png())
    assert not await files.delete(an_artifact(path=artifact.path, bytes=artifact.bytes + 1))
    assert await files.delete(artifact)
    assert await files.delete(artifact)
    assert await files.size(artifact) is None
    assert await files.previews([artifact]) == []
    assert await files.thumbnail(artifact) is None
    for attempt in (files.read(artifact), files.local(artifact, tmp_path / "scratch")):
        with pytest.raises(FileNotFoundError):
            await attempt


async def test_a_link_of_the_store_gives_the_file_with_its_type_and_name(files: BucketArtifacts) -> None:
    artifact = await saved(files, png(), "my fox é.png")
    async with httpx2.AsyncClient() as browser:
        answer = await browser.get(await files.presigned(artifact, seconds=60))
    assert answer.content == png()
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["Content-Disposition"] == "inline; filename*=utf-8''my%20fox%20%C3%A9.png"


async def test_links_lead_to_the_address_that_browsers_reach(store: Store, bucket_url: str, tmp_path: Path) -> None:
    bucket = Bucket(bucket_url, public_url="https://files.example.org", env=store.env)
    files = BucketArtifacts(bucket=bucket, folder=tmp_path / "files", clock=VirtualClock())
    link = await files.presigned(await saved(files, png()), seconds=60)
    assert link.startswith("https://files.example.org/test-")
    assert "X-Amz-Expires=60" in link


async def test_previews_lie_beside_the_files(files: BucketArtifacts, bucket: Bucket) -> None:
    picture = await saved(files, png((1600, 800)))
    sound = await saved(files, media.wav(b"\0\x40" * 8000, rate=8000), "sound.wav", "audio/wav")
    await bucket.delete(picture.path, sound.path)
    [preview] = await files.previews([picture, sound])
    assert preview.mime == "image/jpeg"
    assert image_size(preview.data) == (512, 256)
    drawn, waveform = await files.thumbnail(picture), await files.thumbnail(sound)
    assert drawn is not None
    assert waveform is not None
    assert (drawn.mime, waveform.mime) == ("image/jpeg", "image/svg+xml")
    assert image_size(drawn.data) == (512, 256)
    assert waveform.data.startswith(b"<svg")


async def test_without_its_preview_a_file_is_shown_all_the_same(files: BucketArtifacts, bucket: Bucket) -> None:
    picture = await saved(files, png((1600, 800)))
    await bucket.delete(f"{picture.path}.preview")
    [preview] = await files.previews([picture])
    drawn = await files.thumbnail(picture)
    assert drawn is not None
    assert image_size(preview.data) == image_size(drawn.data) == (512, 256)


async def test_what_killed_processes_left_on_the_disk_is_removed_later(files: BucketArtifacts, tmp_path: Path) -> None:
    for name, hours in {"left-1": 25, "begun-1": 23}.items():
        folder = tmp_path / "files" / name
        folder.mkdir(parents=True)
        (folder / ".t.part").touch()
        then = time.time() - 3600 * hours
        os.utime(folder, (then, then))
    await (await opened(files)).close()
    assert [path.name for path in (tmp_path / "files").iterdir()] == ["begun-1"]


def image_size(data: bytes) -> tuple[int, int]:
    return Image.open(io.BytesIO(data)).size
