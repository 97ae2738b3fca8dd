"""The MCP server in memory, for clients of either protocol."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, MCPError
from mcp_types import BlobResourceContents, CallToolResult, ImageContent, Tool
from PIL import Image

from fakes.backends import capability, fake, make, png
from fakes.http import installed
from fakes.server import ERAS, Era, Gate, ask, on_disk, refused, remove, resource_links, text
from fakes.virtual_clock import VirtualClock
from mediasmith.config.declarations import declare
from mediasmith.config.installation import Installation
from mediasmith.engine.bootstrap import lazy_engine
from mediasmith.engine.use_cases import Engine
from mediasmith.mcp.content import MAX_RESOURCE
from mediasmith.mcp.instructions import instructions
from mediasmith.mcp.server import MediaServer
from mediasmith.plugin.access import Access
from mediasmith.plugin.contract import Call, Output, Pending, Result
from mediasmith.plugin.errors import Refused
from mediasmith.plugin.media import wav
from mediasmith.runtime.clock import Clock

pytestmark = pytest.mark.parametrize("era", ERAS)

INVALID_PARAMS = -32602


@asynccontextmanager
async def connected(era: Era, installation: Installation, clock: Clock | None = None) -> AsyncGenerator[Client]:
    async with (
        lazy_engine(lambda: installation, clock=clock) as opened,
        Client(MediaServer(opened), mode=era) as client,
    ):
        yield client


async def generate(client: Client, **arguments: Any) -> CallToolResult:
    return await client.call_tool("generate_media", {"prompt": "a lighthouse", **arguments})


async def cancel_call(client: Client, gate: Gate, **arguments: Any) -> None:
    """Call generate_media, and cancel the call once its request was sent."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(lambda: generate(client, **arguments))
        await gate.reached.wait()
        tasks.cancel_scope.cancel()


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def pictures(result: CallToolResult) -> list[Image.Image]:
    blocks = [block for block in result.content if isinstance(block, ImageContent)]
    assert {block.mime_type for block in blocks} <= {"image/jpeg"}
    return [Image.open(io.BytesIO(base64.b64decode(block.data))) for block in blocks]


async def listed(client: Client) -> list[str]:
    answer = await client.list_tools(cache_mode="refresh")
    return [tool.model_dump_json(by_alias=True, exclude_none=True) for tool in answer.tools]


async def tools(client: Client) -> dict[str, Tool]:
    return {tool.name: tool for tool in (await client.list_tools()).tools}


async def test_an_answer_is_compact_json_then_links_then_previews(era: Era, tmp_path: Path) -> None:
    async with connected(era, installed(tmp_path, fake())) as client:
        result = await generate(client, n=2)
    assert [block.type for block in result.content] == ["text", "resource_link", "resource_link", "image", "image"]
    said = json.loads(text(result))
    assert json.dumps(said, separators=(",", ":")) == text(result)
    for file, link in zip(said["files"], resource_links(result), strict=True):
        path = Path(file["path"])
        assert path.is_absolute()
        assert on_disk(file) == png()
        assert (link.uri, link.name, link.description) == (f"media://{file['id']}", path.name, file["path"])
        assert (link.mime_type, link.size) == ("image/png", len(png()))
    assert {picture.size for picture in pictures(result)} == {(16, 16)}


async def test_an_answer_has_no_structured_content(era: Era, tmp_path: Path) -> None:
    async with connected(era, installed(tmp_path, fake())) as client:
        made = await generate(client)
        backends = await client.call_tool("list_backends", {})
        jobs = await client.call_tool("get_job", {})
        failed = await client.call_tool("get_job", {"job_id": "none"})
    assert [result.structured_content for result in (made, backends, jobs, failed)] == [None] * 4


async def test_many_images_share_a_contact_sheet(era: Era, tmp_path: Path) -> None:
    async with connected(era, installed(tmp_path, fake())) as client:
        result = await generate(client, n=7)
    assert len(resource_links(result)) == 7
    assert len(pictures(result)) == 5


async def test_previews_of_large_images_are_small(era: Era, tmp_path: Path) -> None:
    noise = io.BytesIO()
    Image.effect_noise((1500, 1500), 100).save(noise, "PNG")

    async def noisy(_call: Call[None, Any]) -> Result:
        return Result(outputs=(Output(body=noise.getvalue(), mime="image/png"),))

    async with connected(era, installed(tmp_path, fake(start=noisy))) as client:
        result = await generate(client)
    [preview] = [block for block in result.content if isinstance(block, ImageContent)]
    assert len(base64.b64decode(preview.data)) <= 60_000
    assert max(pictures(result)[0].size) <= 512


async def test_audio_is_linked_and_not_embedded(era: Era, tmp_path: Path) -> None:
    async def speak(_call: Call[None, Any]) -> Result:
        return Result(outputs=(Output(body=wav(bytes(800), rate=8000), mime="audio/wav"),))

    async with connected(era, installed(tmp_path, fake(kind="speech", start=speak))) as client:
        result = await generate(client, kind="speech")
    assert [block.type for block in result.content] == ["text", "resource_link"]
    assert resource_links(result)[0].mime_type == "audio/wav"


@pytest.mark.parametrize(
    ("settings", "blocks"),
    [
        ({"preview": False}, ["text", "resource_link"]),
        ({"links": False}, ["text", "image"]),
        ({"preview": False, "links": False}, ["text"]),
    ],
    ids=str,
)
async def test_previews_and_links_can_be_switched_off(
    era: Era, tmp_path: Path, settings: dict[str, Any], blocks: list[str]
) -> None:
    async with connected(era, installed(tmp_path, fake(), **settings)) as client:
        result = await generate(client)
    assert [block.type for block in result.content] == blocks


async def test_a_call_that_does_not_wait_returns_the_job_to_collect(era: Era, tmp_path: Path) -> None:
    gate = Gate()
    async with connected(era, installed(tmp_path, fake(start=gate))) as client:
        running = await ask(client, "generate_media", prompt="a lighthouse", wait_seconds=0)
        assert running["status"] == "running"
        assert "get_job" in running["next"]
        gate.open.set()
        done = await client.call_tool("get_job", {"job_id": running["job_id"]})
    assert [block.type for block in done.content] == ["text", "resource_link", "image"]
    assert json.loads(text(done))["status"] == "done"


async def test_a_failure_is_text_that_says_what_was_billed(era: Era, tmp_path: Path) -> None:
    async def refuse(_call: Call[None, Any]) -> Result:
        raise Refused("The provider declined to make this.", "Ask for something else.", billed="no")

    async with connected(era, installed(tmp_path, fake(start=refuse))) as client:
        said = await refused(client, "generate_media", prompt="a lighthouse")
    assert said == "The provider declined to make this. Nothing was billed. Ask for something else."


async def test_the_text_of_an_unexpected_exception_in_a_backend_is_not_repeated(era: Era, tmp_path: Path) -> None:
    async def break_down(_call: Call[None, Any]) -> Result:
        raise KeyError("a secret")

    async with connected(era, installed(tmp_path, fake(start=break_down))) as client:
        said = await refused(client, "generate_media", prompt="a lighthouse")
    assert said.startswith("Fake failed")
    assert "It may have been billed" in said
    assert "secret" not in said
    assert "Traceback" not in said


async def test_an_internal_error_is_reported_and_does_not_stop_the_server(
    era: Era, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_given: object) -> None:
        raise RuntimeError("a secret")

    async with connected(era, installed(tmp_path, fake())) as client:
        with monkeypatch.context() as patch:
            patch.setattr(Engine, "generate", fail)
            said = await refused(client, "generate_media", prompt="a lighthouse")
        assert said.startswith("Mediasmith failed with an internal error (RuntimeError).")
        assert "secret" not in said
        assert (await ask(client, "generate_media", prompt="a lighthouse"))["status"] == "done"


async def test_an_unknown_tool_is_an_error_that_a_model_can_read(era: Era, tmp_path: Path) -> None:
    async with connected(era, installed(tmp_path, fake())) as client:
        said = await refused(client, "make_media")
    assert said.startswith("There is no tool 'make_media'. Known: generate_media, continue_edit, ")


async def test_get_job_returns_a_failed_job_as_an_answer(era: Era, tmp_path: Path) -> None:
    async def refuse(_call: Call[None, Any]) -> Result:
        raise Refused("The provider declined to make this.", billed="no")

    async with connected(era, installed(tmp_path, fake(start=refuse))) as client:
        await refused(client, "generate_media", prompt="a lighthouse")
        [job] = (await ask(client, "get_job"))["jobs"]
        said = await ask(client, "get_job", job_id=job["job_id"])
    assert said["status"] == "failed"
    assert said["error"].startswith("The provider declined to make this. Nothing was billed. Change the prompt")


async def test_the_tools_do_not_depend_on_keys_or_earlier_calls(era: Era, tmp_path: Path) -> None:
    async def break_down(_call: Call[None, Any]) -> Result:
        raise RuntimeError

    keyed = fake("keyed", keys=("FAKE_KEY",))
    broken = fake("broken", start=break_down)
    async with connected(era, installed(tmp_path, keyed, broken, env={"FAKE_KEY": "key"})) as client:
        first = await listed(client)
        await ask(client, "generate_media", prompt="a lighthouse", backend="keyed")
        await refused(client, "generate_media", prompt="a lighthouse", backend="broken")
        await refused(client, "generate_media", nonsense=True)
        again = await listed(client)
    async with connected(era, installed(tmp_path, keyed, broken)) as client:
        without_key = await listed(client)
    assert first == again == without_key
    assert [json.loads(tool)["name"] for tool in first] == [
        "generate_media",
        "continue_edit",
        "list_backends",
        "get_job",
    ]


async def test_the_tools_have_honest_annotations_and_no_output_schema(era: Era, tmp_path: Path) -> None:
    async with connected(era, installed(tmp_path, fake())) as client:
        found = await tools(client)
    assert [tool.output_schema for tool in found.values()] == [None] * 4
    hints = {name: tool.annotations for name, tool in found.items()}
    assert {name for name, hint in hints.items() if hint and hint.read_only_hint} == {"list_backends"}
    assert {name for name, hint in hints.items() if hint and hint.idempotent_hint} == {"list_backends"}
    assert not any(hint is None or hint.destructive_hint for hint in hints.values())
    assert all(hint and hint.open_world_hint for hint in hints.values())


async def test_listing_backends_changes_nothing(era: Era, tmp_path: Path) -> None:
    async with connected(era, installed(tmp_path, fake())) as client:
        table = await ask(client, "list_backends")
        detail = await ask(client, "list_backends", backend="fake")
    assert [row["backend"] for row in table["backends"]] == ["fake"]
    assert detail["capabilities"][0]["name"] == "image"
    assert names_in(tmp_path) == []


async def test_calls_do_not_change_lists(era: Era, tmp_path: Path) -> None:
    async with connected(era, installed(tmp_path, fake())) as client:

        async def lists() -> tuple[list[str], list[str], list[str]]:
            resources = await client.list_resources(cache_mode="refresh")
            templates = await client.list_resource_templates(cache_mode="refresh")
            prompts = await client.list_prompts(cache_mode="refresh")
            return (
                [one.uri for one in resources.resources],
                [one.uri_template for one in templates.resource_templates],
                [one.name for one in prompts.prompts],
            )

        before = await lists()
        await generate(client)
        after = await lists()
    assert before == after == ([], ["media://{id}", "media://{id}/preview", "media://{id}/about"], [])


async def test_the_server_declares_that_lists_never_change(era: Era, tmp_path: Path) -> None:
    async with connected(era, installed(tmp_path, fake())) as client:
        offered = client.server_capabilities
    assert (offered.tools and offered.tools.list_changed) is False
    assert (offered.resources and offered.resources.list_changed) is False


async def test_a_resource_has_the_bytes_on_disk_and_their_true_type(era: Era, tmp_path: Path) -> None:
    photo = io.BytesIO()
    Image.new("RGB", (8, 8)).save(photo, "JPEG")

    async def lie(_call: Call[None, Any]) -> Result:
        return Result(outputs=(Output(body=photo.getvalue(), mime="image/png"),))

    async with connected(era, installed(tmp_path, fake(start=lie))) as client:
        [file] = (await ask(client, "generate_media", prompt="a lighthouse"))["files"]
        read = await client.read_resource(file["uri"])
    [content] = read.contents
    assert isinstance(content, BlobResourceContents)
    assert (content.uri, content.mime_type) == (file["uri"], "image/jpeg")
    assert base64.b64decode(content.blob) == photo.getvalue() == on_disk(file)


@pytest.mark.parametrize(
    "uri",
    [
        "media://",
        "media://none",
        "media://aaaaaaaaaaaaaaaaaaaaaaaaaa",
        "media://../../etc/passwd",
        "media://%2e%2e%2fetc%2fpasswd",
        "media:///etc/passwd",
        "file:///etc/passwd",
        "https://example.com/a.png",
        "media://a%00b",
        "media://" + "a" * 1_000_000,
    ],
    ids=lambda uri: uri[:40],
)
async def test_an_unknown_resource_is_an_invalid_parameter(era: Era, tmp_path: Path, uri: str) -> None:
    async with connected(era, installed(tmp_path, fake())) as client:
        await generate(client)
        with pytest.raises(MCPError) as caught:
            await client.read_resource(uri)
    assert caught.value.code == INVALID_PARAMS
    assert caught.value.data["uri"] == uri
    assert len(caught.value.message) < 500


async def test_a_resource_whose_file_was_removed_is_an_error_with_its_path(era: Era, tmp_path: Path) -> None:
    async with connected(era, installed(tmp_path, fake())) as client:
        [file] = (await ask(client, "generate_media", prompt="a lighthouse"))["files"]
        remove(file)
        with pytest.raises(MCPError) as caught:
            await client.read_resource(file["uri"])
    assert caught.value.code == INVALID_PARAMS
    assert file["path"] in caught.value.message


@pytest.mark.parametrize("excess", [0, 1])
async def test_a_resource_above_6_mib_is_refused_with_its_path(era: Era, tmp_path: Path, excess: int) -> None:
    body = png().ljust(MAX_RESOURCE + excess, b"\0")

    async def make_large(_call: Call[None, Any]) -> Result:
        return Result(outputs=(Output(body=body, mime="image/png"),))

    async with connected(era, installed(tmp_path, fake(start=make_large))) as client:
        [file] = (await ask(client, "generate_media", prompt="a lighthouse"))["files"]
        if not excess:
            [content] = (await client.read_resource(file["uri"])).contents
            assert isinstance(content, BlobResourceContents)
            assert base64.b64decode(content.blob) == body
            return
        with pytest.raises(MCPError, match="6,291,457 bytes") as caught:
            await client.read_resource(file["uri"])
    assert file["path"] in caught.value.message


async def test_the_instructions_say_what_is_ready_and_what_is_missing(era: Era, tmp_path: Path) -> None:
    def needs_terms(_access: Access) -> str:
        return "accept its terms first"

    backends = (
        fake("ready"),
        fake("keyless", keys=("FAKE_KEY", "OTHER_KEY")),
        fake("half", capabilities=(capability("one"), capability("two", kind="music", missing=needs_terms))),
    )
    installation = replace(installed(tmp_path, *backends), problems=("MEDIASMITH_DEADLINE_SECONDS is not a number.",))
    async with connected(era, installation) as client:
        instructions_text = client.instructions or ""
    assert "Ready: image: ready, half." in instructions_text
    assert "see list_backends" in instructions_text
    assert "keyless (Set FAKE_KEY or OTHER_KEY and restart the server)" in instructions_text
    assert "half (accept its terms first)" in instructions_text
    assert "get_job" in instructions_text


async def test_the_instructions_stay_short_with_many_backends(era: Era, tmp_path: Path) -> None:
    backends = [fake(f"backend_{number}", keys=(f"KEY_{number}",)) for number in range(50)]
    async with connected(era, installed(tmp_path, *backends)) as client:
        instructions_text = client.instructions or ""
    assert len(instructions_text.split()) <= 150
    assert "collect the job with get_job" in instructions_text
    assert "path of each file" in instructions_text


async def test_without_a_backend_the_server_starts_and_says_so(era: Era, tmp_path: Path) -> None:
    async with connected(era, installed(tmp_path)) as client:
        assert len(await tools(client)) == 4
        assert await ask(client, "list_backends") == {}
        said = await refused(client, "generate_media", prompt="a lighthouse")
    assert "No backend" in said
    assert "nothing yet" in instructions(declare(installed(tmp_path)))


async def test_progress_is_sent_while_a_call_waits_and_never_falls(era: Era, tmp_path: Path) -> None:
    clock = VirtualClock()
    received: list[tuple[float, str | None]] = []

    async def make_slowly(call: Call[None, Any]) -> Result:
        call.report(Pending(progress=0.5, message="painting"))
        await clock.sleep(23)
        call.report(Pending(progress=0.2, message="painting again"))
        return await make(call)

    async def receive(progress: float, total: float | None, message: str | None) -> None:
        received.append((progress, message))

    async with connected(era, installed(tmp_path, fake(start=make_slowly)), clock) as client, clock.autojump():
        result = await client.call_tool("generate_media", {"prompt": "a lighthouse"}, progress_callback=receive)
        count = len(received)
        await clock.sleep(60)
    assert json.loads(text(result))["status"] == "done"
    assert received == [(seconds, "50%, painting") for seconds in (5, 10, 15, 20)]
    assert len(received) == count


async def test_a_call_waits_as_long_as_the_settings_say(era: Era, tmp_path: Path) -> None:
    clock = VirtualClock()
    installation = installed(tmp_path, fake(start=Gate()), wait_seconds=12)
    async with connected(era, installation, clock) as client, clock.autojump():
        began = clock.now()
        said = await ask(client, "generate_media", prompt="a lighthouse")
        assert (said["status"], clock.now() - began) == ("running", 12)


async def test_a_cancelled_call_leaves_its_job_running_for_get_job_to_collect(era: Era, tmp_path: Path) -> None:
    gate = Gate()
    async with connected(era, installed(tmp_path, fake(start=gate))) as client:
        await cancel_call(client, gate)
        [job] = (await ask(client, "get_job"))["jobs"]
        assert job["status"] == "running"
        gate.open.set()
        said = await ask(client, "get_job", job_id=job["job_id"])
    assert said["status"] == "done"
    assert on_disk(said["files"][0]) == png()
    assert gate.calls == 1


async def test_the_same_call_attaches_to_a_cancelled_one_and_sends_nothing(era: Era, tmp_path: Path) -> None:
    gate = Gate()
    async with connected(era, installed(tmp_path, fake(start=gate))) as client:
        await cancel_call(client, gate)
        await ask(client, "list_backends")  # by its answer the server has received of the cancel
        gate.open.set()
        said = await ask(client, "generate_media", prompt="a lighthouse")
    assert "nothing was sent again" in said["warnings"][0]
    assert gate.calls == 1


async def test_the_same_call_after_an_answer_is_a_new_job(era: Era, tmp_path: Path) -> None:
    gate = Gate()
    gate.open.set()
    async with connected(era, installed(tmp_path, fake(start=gate))) as client:
        first = await ask(client, "generate_media", prompt="a lighthouse")
        second = await ask(client, "generate_media", prompt="a lighthouse")
    assert first["job_id"] != second["job_id"]
    assert "warnings" not in second
    assert gate.calls == 2


@pytest.mark.parametrize("prompt", ['{"scene": "a lighthouse"}', "[1, 2]", "null", "5", '"quoted"'])
async def test_a_prompt_that_looks_like_json_is_not_parsed(era: Era, tmp_path: Path, prompt: str) -> None:
    prompts: list[str] = []

    async def listen(call: Call[None, Any]) -> Result:
        prompts.append(call.prompt)
        return await make(call)

    async with connected(era, installed(tmp_path, fake(start=listen))) as client:
        await ask(client, "generate_media", prompt=prompt)
    assert prompts == [prompt]


@pytest.mark.parametrize("name", ["ctx", "given", "model_config", "self"])
async def test_an_argument_with_the_name_of_an_internal_parameter_is_unknown(
    era: Era, tmp_path: Path, name: str
) -> None:
    async with connected(era, installed(tmp_path, fake())) as client:
        assert f"no argument '{name}'" in await refused(client, "generate_media", **{name: 1})


async def test_a_call_that_timed_out_at_the_client_is_collected_by_its_job(era: Era, tmp_path: Path) -> None:
    gate = Gate()
    async with connected(era, installed(tmp_path, fake(start=gate))) as client:
        with pytest.raises(MCPError, match=r"(?i)timed out"):
            await client.call_tool("generate_media", {"prompt": "a lighthouse"}, read_timeout_seconds=0.2)
        await gate.reached.wait()
        gate.open.set()
        [job] = (await ask(client, "get_job"))["jobs"]
        assert (await ask(client, "get_job", job_id=job["job_id"]))["status"] == "done"
    assert gate.calls == 1


async def test_a_resource_of_another_scheme_is_refused(tmp_path: Path, era: Era) -> None:
    async with connected(era, installed(tmp_path, fake("one"))) as client:
        with pytest.raises(MCPError, match="have the form media://ID") as caught:
            await client.read_resource("test://static-text")
    assert caught.value.code == INVALID_PARAMS


async def test_an_unknown_prompt_is_an_invalid_parameter(tmp_path: Path, era: Era) -> None:
    async with connected(era, installed(tmp_path, fake("one"))) as client:
        with pytest.raises(MCPError, match="Unknown prompt: haiku") as caught:
            await client.get_prompt("haiku")
    assert caught.value.code == INVALID_PARAMS
