"""The whole thing: a real process, spoken to over its standard input and output by a real client."""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import struct
import subprocess
import zlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, MCPError
from mcp.client.stdio import StdioServerParameters
from mcp_types import BlobResourceContents

from fakes.backends import png
from fakes.provider import Provider
from fakes.server import COMMAND, ERAS, Era, Server, ask, environment, on_disk, refused, saved, serving, started, text
from mediasmith.config.installation import Installation
from mediasmith.config.registry import Registry
from mediasmith.engine.bootstrap import lazy_engine
from mediasmith.mcp.server import MediaServer
from mediasmith.storage.library.store import Library
from mediasmith_stub.backends import stub_now, stub_slow

LONG = "a" * 1_000_000


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the server that many tests share, with inputs of every kind, most of them bad."""
    folder = tmp_path_factory.mktemp("place")
    (folder / "good.png").write_bytes(png())
    (folder / "small.png").write_bytes(png(8, 8))
    (folder / "empty.png").write_bytes(b"")
    (folder / "text.png").write_text("not a picture")
    (folder / "cut.png").write_bytes(png()[:40])
    (folder / "bomb.png").write_bytes(claiming(65_535, 65_535))
    (folder / "link.png").symlink_to("/etc/passwd")
    (folder / "folder").mkdir()
    os.mkfifo(folder / "fifo.png")
    return folder


@pytest.fixture(scope="module", params=ERAS)
def era(request: pytest.FixtureRequest) -> Era:
    return request.param


@pytest.fixture(scope="module")
async def server(era: Era, process: Provider, place: Path) -> AsyncGenerator[Server]:
    """The server that many tests share, another one for each era."""
    env = {"MEDIASMITH_ALLOWED_DIRS": os.pathsep.join(("/dev", "/proc"))}
    async with started(place, process, env=env) as server:
        yield server


@pytest.fixture(scope="module")
async def client(era: Era, server: Server) -> AsyncGenerator[Client]:
    async with server.connected(era) as client:
        yield client


def claiming(width: int, height: int) -> bytes:
    """A PNG whose header says that it is this large."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return png()[:12] + header + struct.pack(">I", zlib.crc32(header)) + png()[33:]


@asynccontextmanager
async def successor(folder: Path, provider: Provider) -> AsyncGenerator[Client]:
    """A server in this process, on what another one left."""
    backends = {backend.name: backend for backend in (stub_now, stub_slow)}
    installation = Installation.load(env=environment(folder, provider), backends=Registry(backends=backends, broken={}))
    async with lazy_engine(installation) as opened, Client(MediaServer(opened)) as client:
        yield client


def with_sdk(folder: Path, provider: Provider, era: Era) -> Client:
    """A client that starts the server and speaks to it as the SDK does."""
    server = StdioServerParameters(command=COMMAND, env=environment(folder, provider), cwd=folder)
    return Client(server, mode=era)


async def content(client: Client, file: dict[str, Any]) -> bytes:
    """A file as `resources/read` gives it, which is as it stands on the disk."""
    [read] = (await client.read_resource(file["uri"])).contents
    assert isinstance(read, BlobResourceContents)
    assert read.mime_type == file["mime"]
    body = base64.b64decode(read.blob)
    assert body == on_disk(file)
    return body


async def test_what_was_made_is_read_branched_and_continued_after_a_restart(tmp_path: Path, provider: Provider) -> None:
    provider.script("POST /make", {"fixed": "jpeg"})
    async with with_sdk(tmp_path, provider, "legacy") as client:
        assert len((await client.list_tools()).tools) == 4
        first = await ask(client, "generate_media", prompt="a lighthouse")
        origin = first["continuation_id"]
        assert len(await content(client, first["files"][0])) > 1_000_000
        branches = [
            await ask(client, "continue_edit", continuation_id=origin, prompt=prompt) for prompt in ("red", "blue")
        ]
    async with with_sdk(tmp_path, provider, "auto") as client:
        assert len((await client.list_tools()).tools) == 4
        branches.append(await ask(client, "continue_edit", continuation_id=origin, prompt="green"))
        bodies = {await content(client, branch["files"][0]) for branch in branches}
        grown = await ask(client, "continue_edit", continuation_id=branches[0]["continuation_id"], prompt="larger")
        other = await ask(client, "generate_media", prompt="a kite", backend="stub_job")
        assert await content(client, other["files"][0])
    assert len(bodies) == 3
    assert {branch["parent"] for branch in branches} == {origin}
    assert grown["parent"] == branches[0]["continuation_id"]
    made = [entry["body"] for entry in provider.log() if entry["path"] == "/make"]
    assert [bool(body.get("previous")) for body in made] == [False, True, True, True, True]
    assert made[1]["previous"] == made[2]["previous"] == made[3]["previous"] != made[4]["previous"]
    assert provider.paid() == 6


WRONG: dict[str, tuple[str, dict[str, object], str]] = {
    "prompt is a number": ("generate_media", {"prompt": 5}, "prompt must be text"),
    "prompt is a list": ("generate_media", {"prompt": ["x"]}, "prompt must be text"),
    "n is text": ("generate_media", {"n": "three"}, "n must be a whole number from 1 to 10"),
    "n is a boolean": ("generate_media", {"n": True}, "n must be a whole number from 1 to 10"),
    "n is a fraction": ("generate_media", {"n": 1.5}, "n must be a whole number from 1 to 10"),
    "n is above its range": ("generate_media", {"n": 11}, "a whole number from 1 to 10"),
    "wait_seconds below its range": ("generate_media", {"wait_seconds": -1}, "a whole number from 0 to 600"),
    "wait_seconds above its range": ("get_job", {"wait_seconds": 601}, "a whole number from 0 to 600"),
    "seed above its range": ("generate_media", {"seed": 10**30}, "seed"),
    "options is text": ("generate_media", {"options": "fast"}, "options must be an object"),
    "draft is text": ("generate_media", {"draft": "yes"}, "draft must be true or false"),
    "cost is text": ("generate_media", {"max_cost_usd": "little"}, "max_cost_usd must be a number of at least 0"),
    "unknown argument": ("generate_media", {"promt": "x"}, "no argument 'promt'. Did you mean prompt?"),
    "unknown option": ("generate_media", {"options": {"colour": "red"}}, "colour"),
    "unknown kind": ("generate_media", {"kind": "sculpture"}, 'kind is "sculpture"; accepted: image, speech'),
    "unknown backend": ("generate_media", {"backend": "none"}, "none"),
    "prompt and prompts": ("generate_media", {"prompts": ["x"]}, "prompt and prompts were both given"),
    "no prompt": ("generate_media", {"prompt": None}, "prompt is missing"),
    "empty prompt": ("generate_media", {"prompt": ""}, "prompt is empty"),
    "blank prompt": ("generate_media", {"prompt": " \n "}, "prompt is empty"),
    "prompt of 1 MB": ("generate_media", {"prompt": LONG}, "prompt has 1,000,000 characters; at most 100,000"),
    "prompt with NUL": ("generate_media", {"prompt": "a\0b"}, "prompt contains a NUL"),
    "no prompts": ("generate_media", {"prompt": None, "prompts": []}, "prompts has 0 entries; accepted: 1 to 16"),
    "17 prompts": ("generate_media", {"prompt": None, "prompts": ["x"] * 17}, "prompts has 17 entries"),
    "an empty one of the prompts": ("generate_media", {"prompt": None, "prompts": ["x", ""]}, "prompts is empty"),
    "mask of another size": ("generate_media", {"image": ["good.png"], "mask": "small.png"}, "mask: it has 8 x 8"),
    "outside": ("generate_media", {"image": ["/etc/passwd"]}, "image: /etc/passwd is outside the allowed folders"),
    "outside through ..": ("generate_media", {"image": ["../../../../../etc/passwd"]}, "image: /etc/passwd is outside"),
    "outside through a link": ("generate_media", {"image": ["link.png"]}, "image: /etc/passwd is outside"),
    "a FIFO": ("generate_media", {"image": ["fifo.png"]}, "image: 'fifo.png' is not a regular file"),
    "a device": ("generate_media", {"image": ["/dev/zero"]}, "image: '/dev/zero' is not a regular file"),
    "a folder": ("generate_media", {"image": ["folder"]}, "image: 'folder' is a folder"),
    "no file": ("generate_media", {"image": ["none.png"]}, "image: 'none.png' does not exist"),
    "no bytes": ("generate_media", {"image": ["empty.png"]}, "image: 'empty.png' is empty"),
    "no picture": (
        "generate_media",
        {"image": ["text.png"]},
        "image: 'text.png' is of an unknown type; accepted",
    ),
    "half a picture": ("generate_media", {"image": ["cut.png"]}, "image: 'cut.png' begins as image/png but is damaged"),
    "too many pixels": ("generate_media", {"image": ["bomb.png"]}, "image: 'bomb.png' is 65,535 x 65,535 pixels; at"),
    "a path of 1 MB": ("generate_media", {"image": [LONG]}, "image: The path is too long"),
    "a private address": ("generate_media", {"image": ["http://169.254.169.254/a.png"]}, "image: "),
    "output outside": ("generate_media", {"output": "/etc/x.png"}, "output: /etc/x.png is outside the allowed folders"),
    "output through ..": (
        "generate_media",
        {"output": "../../../../../etc/"},
        "output: /etc is outside the allowed folders",
    ),
    "output in a file": ("generate_media", {"output": "good.png/x.png"}, "output: no file can be created"),
    "output where nothing can be": ("generate_media", {"output": "/proc/sub/x.png"}, "output: no file can be created"),
    "output with a control character": ("generate_media", {"output": "a\nb.png"}, "output: "),
    "unknown continuation": ("continue_edit", {"continuation_id": "a" * 26}, "There is no continuation 'aaaa"),
    "malformed continuation": ("continue_edit", {"continuation_id": "../../etc/passwd"}, "There is no continuation"),
    "empty continuation": ("continue_edit", {"continuation_id": ""}, "continuation_id is empty"),
    "continuation without an id": ("continue_edit", {"continuation_id": "media://"}, "continuation_id is empty"),
    "continuation of 1 MB": ("continue_edit", {"continuation_id": LONG}, "There is no continuation 'aaaa"),
    "no continuation": ("continue_edit", {}, "continuation_id is missing"),
    "unknown job": ("get_job", {"job_id": "a" * 26}, "There is no job 'aaaa"),
    "malformed job": ("get_job", {"job_id": "' OR 1=1 --"}, "There is no job"),
    "job of 1 MB": ("get_job", {"job_id": LONG}, "There is no job 'aaaa"),
    "list of an unknown backend": ("list_backends", {"backend": "none"}, "There is no backend 'none'"),
    "list of an unknown kind": ("list_backends", {"kind": "sculpture"}, "accepted: image, speech"),
}


@pytest.mark.parametrize("case", WRONG)
async def test_a_wrong_request_is_explained_and_nothing_is_sent_or_written(
    client: Client, place: Path, provider: Provider, case: str
) -> None:
    tool, wrong, expected = WRONG[case]
    right = {"prompt": "a lighthouse"} if tool in {"generate_media", "continue_edit"} else {}
    before = saved(place)
    said = await refused(client, tool, **{**right, **wrong})
    assert expected in said
    assert len(said) < 1000
    if tool in {"generate_media", "continue_edit"}:
        assert "Nothing was billed." in said
    for internal in ("Traceback", "-32603", "Error executing tool", "validation error", "pydantic"):
        assert internal not in said
    assert provider.counts() == {}
    assert saved(place) == before


async def test_a_line_that_is_no_message_does_not_end_the_conversation(server: Server, client: Client) -> None:
    assert server.process.stdin
    await server.process.stdin.send(b'garbage\n{"jsonrpc": "2.0"}\n\xff\xfe\n' + b"[" * 100_000 + b"\n")
    assert len((await client.list_tools(cache_mode="refresh")).tools) == 4


async def test_a_cancelled_call_leaves_its_job_to_be_attached_to(client: Client, provider: Provider) -> None:
    provider.script("POST /make", {"hang": True})
    prompt = f"a lighthouse for {client.protocol_version}"
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(client.call_tool, "generate_media", {"prompt": prompt})
        await provider.seen("POST /make")
        tasks.cancel_scope.cancel()
    [job, *_] = (await ask(client, "get_job"))["jobs"]
    assert job["status"] == "running"
    provider.release()
    said = await ask(client, "generate_media", prompt=prompt)
    assert said["job_id"] == job["job_id"]
    assert "nothing was sent again" in said["warnings"][0]
    assert provider.paid() == 1


async def test_a_call_that_timed_out_at_the_client_is_collected_by_its_job(client: Client, provider: Provider) -> None:
    await ask(client, "list_backends")  # from now on the server answers within milliseconds
    given = {"prompt": "a slow lighthouse", "backend": "stub_slow"}
    with pytest.raises(MCPError, match=r"(?i)timed out"):
        await client.call_tool("generate_media", given, read_timeout_seconds=0.8)
    await provider.seen("POST /jobs")
    [job, *_] = (await ask(client, "get_job"))["jobs"]
    provider.finish()
    said = await ask(client, "get_job", job_id=job["job_id"])
    assert said["status"] == "done"
    assert await content(client, said["files"][0])
    assert provider.paid() == 1


async def test_an_unknown_resource_is_an_error_of_its_parameters(client: Client) -> None:
    with pytest.raises(MCPError) as caught:
        await client.read_resource("media://none")
    assert (caught.value.code, caught.value.data) == (-32602, {"uri": "media://none"})


async def listings(folder: Path, provider: Provider | None, era: Era) -> list[bytes]:
    """The tools as bytes of the wire, listed before and after a failure."""
    async with started(folder, provider) as server, server.connected(era) as client:
        await client.list_tools()
        await refused(client, "generate_media", nonsense=1)
        await client.list_tools(cache_mode="refresh")
    lines = [line for line in server.wire.split(b"\n") if b'"tools":[' in line]
    return [line[line.index(b'"tools":[') : line.rindex(b"}]") + 2] for line in lines]


async def test_the_tools_are_the_same_with_and_without_keys_whatever_happened(
    tmp_path: Path, provider: Provider
) -> None:
    found: dict[Era, list[bytes]] = {}

    async def list_twice(era: Era, provider: Provider | None) -> None:
        found[era] = await listings(tmp_path, provider, era)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(list_twice, "legacy", provider)
        tasks.start_soon(list_twice, "auto", None)
    legacy, modern = (json.loads(b"{" + found[era][0] + b"}") for era in ERAS)
    assert legacy == modern  # the SDK gives the two eras another order of keys
    for listed in found.values():
        assert len(listed) == 2
        assert len(set(listed)) == 1


async def test_it_starts_anywhere_and_says_what_is_wrong(tmp_path: Path, provider: Provider) -> None:
    env = {
        "HOME": "/proc/none",
        "MEDIASMITH_DATA_DIR": None,
        "MEDIASMITH_OUTPUT_DIR": None,
        "MEDIASMITH_BACKENDS": None,
        "STUB_KEY": "${STUB_KEY}",
        "MEDIASMITH_WAIT_SECONDS": "${WAIT}",
        "MEDIASMITH_PREVEIW": "0",
    }
    async with started(tmp_path, provider, env=env, cwd=Path("/")) as server, server.connected() as client:
        table = await ask(client, "list_backends")
        told = client.instructions or ""
        said = await refused(client, "generate_media", prompt="a lighthouse")
    missing = {row["backend"]: row.get("missing", "") for row in table["backends"]}
    assert "still reads ${...}" in missing["stub_now"]
    assert missing["noisy"] == ""
    assert "this plug-in is broken" in table["broken"]["broken"]
    assert any("MEDIASMITH_WAIT_SECONDS" in problem for problem in table["problems"])
    assert any("did you mean MEDIASMITH_PREVIEW?" in problem for problem in table["problems"])
    assert "see list_backends" in told
    assert "/proc/none" in said
    assert provider.counts() == {}


async def test_it_starts_without_a_home_and_without_any_backend(tmp_path: Path) -> None:
    env = {"HOME": None, "MEDIASMITH_BACKENDS": "none"}
    async with serving(tmp_path, env=env) as client:
        assert len((await client.list_tools()).tools) == 4
        table = await ask(client, "list_backends")
        said = await refused(client, "generate_media", prompt="a lighthouse")
    assert "backends" not in table
    assert list(table["broken"]) == ["none"]
    assert "No backend" in said


async def test_only_the_protocol_is_on_standard_output_whatever_a_backend_prints(tmp_path: Path) -> None:
    env = {"MEDIASMITH_BACKENDS": "noisy", "MEDIASMITH_PREVIEW": "0", "MEDIASMITH_LINKS": "0"}
    async with started(tmp_path, env=env) as server, server.connected() as client:
        result = await client.call_tool("generate_media", {"prompt": "a lighthouse"})
        assert [block.type for block in result.content] == ["text"]
        assert await content(client, json.loads(text(result))["files"][0])
    lines = server.wire.decode().splitlines()
    assert {json.loads(line)["jsonrpc"] for line in lines} == {"2.0"}
    assert server.log.count("noise from a backend") == 6


async def recorded(folder: Path, jobs: dict[str, str]) -> dict[str, str]:
    """How the library says that these jobs stand."""
    library = Library(folder / "data" / "library.sqlite3")
    found = {name: await library.job(job_id, principal="local") for name, job_id in jobs.items()}
    await library.close()
    return {name: job.state for name, job in found.items() if job}


END = "the end of its input"


@pytest.mark.parametrize("how", [END, signal.SIGTERM, signal.SIGINT], ids=str)
async def test_it_leaves_at_once_and_records_what_was_in_flight(
    tmp_path: Path, provider: Provider, how: str | signal.Signals
) -> None:
    provider.script("POST /make", {"hang": True})
    env = {"MEDIASMITH_BACKENDS": "stub_now,stub_slow,busy"}
    async with started(tmp_path, provider, env=env) as server, server.connected() as client:
        jobs = {
            backend: (await ask(client, "generate_media", prompt=backend, backend=backend, wait_seconds=0))["job_id"]
            for backend in ("stub_now", "stub_slow", "busy")
        }
        await provider.seen("POST /make")
        await provider.seen("GET /jobs/{id}")
        await server.logged("busy from now on")
        if isinstance(how, signal.Signals):
            server.send(how)
        else:
            await server.end_input()
        assert await server.gone() == 0
    assert await recorded(tmp_path, jobs) == {"stub_now": "unknown", "stub_slow": "running", "busy": "unknown"}
    provider.finish()
    async with successor(tmp_path, provider) as client:
        collected = await ask(client, "get_job", job_id=jobs["stub_slow"])
        assert collected["status"] == "done"
        assert await content(client, collected["files"][0])
        for backend in ("stub_now", "busy"):
            lost = await ask(client, "get_job", job_id=jobs[backend])
            assert (lost["status"], "files" in lost) == ("unknown", False)
    assert provider.paid() == 2


async def test_it_leaves_at_a_signal_when_nothing_was_ever_asked(tmp_path: Path) -> None:
    async with started(tmp_path) as server, server.connected():
        server.send(signal.SIGTERM)
        assert await server.gone() == 0
    assert server.log == ""


def test_it_leaves_when_its_client_died_and_cannot_be_answered(tmp_path: Path) -> None:
    pipe = subprocess.PIPE
    command = subprocess.Popen([COMMAND], env=environment(tmp_path), stdin=pipe, stdout=pipe, stderr=pipe)
    with command as server:
        assert server.stdin
        assert server.stdout
        assert server.stderr
        server.stdout.close()
        server.stdin.write(b'{"jsonrpc": "2.0", "id": 1, "method": "ping"}\n' * 500)
        server.stdin.close()
        assert server.wait(20) == 0
        assert server.stderr.read() == b""


def on_small_disk(folder: Path, size: str) -> tuple[str, ...]:
    """A command that runs another where this folder is a disk of its own, for that process alone."""
    mounting = f'mount -t tmpfs -o size={size} tmpfs "{folder}" && exec "$0"'
    return ("unshare", "--map-root-user", "--mount", "sh", "-c", mounting)


def has_small_disks() -> bool:
    if shutil.which("unshare") is None:
        return False
    tried = [*on_small_disk(Path("/mnt"), "1m"), "true"]
    return subprocess.run(tried, check=False, capture_output=True).returncode == 0


@pytest.mark.skipif(not has_small_disks(), reason="disks cannot be mounted for one process alone here")
async def test_a_full_disk_stops_what_is_not_paid_for_and_loses_nothing_that_is(
    tmp_path: Path, provider: Provider
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    async with started(tmp_path, provider, within=on_small_disk(out, "70m")) as server, server.connected() as client:
        ballast = Path(f"/proc/{server.process.pid}/root{out}/ballast")
        answers: list[Any] = []

        async def make() -> None:
            answers.append(await ask(client, "generate_media", prompt="a lighthouse", backend="stub_job"))

        fill(ballast)
        said = await refused(client, "generate_media", prompt="a lighthouse", backend="stub_job")
        assert "Only 0 MB are free" in said
        assert provider.counts() == {}
        remove(ballast)
        provider.script("GET /files/{id}", {"hang": True})
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(make)
            await provider.seen("GET /files/{id}")
            fill(ballast)
            provider.release()
        [waiting] = answers
        assert waiting["status"] == "running"
        assert "the disk is full" in waiting["error"]
        remove(ballast)
        collected = await ask(client, "get_job", job_id=waiting["job_id"])
        assert collected["status"] == "done"
        assert (await client.read_resource(collected["files"][0]["uri"])).contents
    assert provider.paid() == 1


def fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(1_000_000))


def remove(path: Path) -> None:
    path.unlink()
