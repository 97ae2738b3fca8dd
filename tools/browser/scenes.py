"""What must be seen and heard in the view: each scene presses buttons and looks at what follows."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping

from mcp_types import CallToolResult, TextContent
from playwright.async_api import expect

from browser.looks import answer, box, plays, size, starts, until_said
from browser.stage import Stage

LIGHTHOUSE = {"prompt": "a lighthouse at dusk, teal and amber", "backend": "sketch"}
PRICED = {"prompt": "a red kite over a barn", "backend": "stub_now", "size": "512x512"}
SLOW = {"prompt": "a slow sunrise", "backend": "stub_slow", "wait_seconds": 0}
HOSTILE = '<img src=x onerror=parent.harmed=1></textarea><script>parent.harmed=1</script> \u202eevil & "quoted" \''

FOREVER = 1_000_000  # polls


async def picture(stage: Stage) -> None:
    """The preview is there at once, and the file replaces it."""
    async with stage.play("generate_media", LIGHTHOUSE, reading=False) as view:
        image = view.find(".stage img")
        await expect(image).to_have_attribute("src", starts("data:image/jpeg"))
        view.may_read.set()
        await expect(image).to_have_attribute("src", starts("data:image/png"))
        assert await size(image) == (1256, 840)
        await expect(view.find(".text")).to_have_text(LIGHTHOUSE["prompt"])
        await expect(view.find(".facts")).to_have_text(
            re.compile(r"^Image · sketch sketch-1 · 1256 . 840 · \d+ KB · free$")
        )
        await expect(view.find(".path")).to_have_text(re.compile(r"^/.*-a-lighthouse-at-dusk.*\.png$"))


async def film(stage: Stage) -> None:
    """A film shows its poster, plays and seeks."""
    arguments = {"kind": "video", "prompt": "a sailboat passes a lighthouse", "duration": 4, "backend": "sketch"}
    async with stage.play("generate_media", {**arguments, "wait_seconds": 120}) as view:
        await expect(view.find("video")).to_have_attribute("poster", starts("data:image/"))
        await plays(view, "video")


async def sound(stage: Stage) -> None:
    """A spoken line plays and seeks."""
    arguments = {"kind": "speech", "prompt": "The harbour is quiet tonight.", "backend": "sketch"}
    async with stage.play("generate_media", arguments) as view:
        await plays(view, "audio")


async def edit(stage: Stage) -> None:
    """An edit shows its price, runs, is done, and is reported to the model."""
    stage.provider.settings(polls={"job-1": 4})
    async with stage.play("generate_media", {**PRICED, "backend": "stub_job"}) as view:
        await view.button("Edit").click()
        await expect(view.find(".price")).to_have_text("Price unknown, stub_job job-1")
        await view.find("textarea").fill("at night, with a moon")
        await view.button("Generate").click()
        await expect(view.card(1).get_by_role("progressbar")).to_be_visible()
        await expect(view.card(1).locator(".stage img")).to_be_visible()
        await expect(view.card(1).locator(".parent")).to_have_text(f"Edited from {PRICED['prompt']}")
        await expect(view.card(1).locator(".parent img")).to_have_attribute("src", starts("data:image/"))
        path = await view.card(1).locator(".path").text_content()
        assert path
        await until_said(view, "update-model-context", path, "at night, with a moon", "continuation_id")
        assert [tool for tool, _ in view.calls][:3] == ["continue_edit", "continue_edit", "get_job"]
        assert view.calls[0][1]["dry_run"] is True


async def price(stage: Stage) -> None:
    """The price follows how many are asked for, and nothing is paid for before the button is pressed."""
    async with stage.play("generate_media", PRICED) as view:
        await expect(view.find(".facts")).to_contain_text("about $0.04")
        paid = stage.provider.paid()
        await view.button("Edit").click()
        await expect(view.find(".price")).to_have_text("About $0.04, stub_now now-2")
        await view.find("select").select_option("3")
        await expect(view.find(".price")).to_have_text("About $0.12, stub_now now-2")
        assert stage.provider.paid() == paid


async def variants(stage: Stage) -> None:
    """Variants come from the same call, and each can be looked at."""
    async with stage.play("generate_media", PRICED) as view:
        await view.button("Variants").click()
        await expect(view.find("textarea")).to_have_value(PRICED["prompt"])
        await expect(view.find(".price")).to_have_text("About $0.08, stub_now now-2")
        await view.button("Generate").click()
        thumbnails = view.card(1).locator(".thumbnail")
        await expect(thumbnails).to_have_count(2)
        first = await view.card(1).locator(".path").text_content()
        await thumbnails.nth(1).click()
        await expect(thumbnails.nth(1)).to_have_attribute("aria-pressed", "true")
        await expect(view.card(1).locator(".path")).not_to_have_text(first or "")
        tool, arguments = view.calls[-1] if view.calls[-1][0] != "get_job" else view.calls[1]
        assert (tool, arguments["n"], arguments["size"]) == ("generate_media", 2, "512x512")


async def stop(stage: Stage) -> None:
    """A running job shows how far it is, and is stopped."""
    stage.provider.settings(polls={"slow-1": FOREVER})
    async with stage.play("generate_media", SLOW) as view:
        await expect(view.find(".state")).to_contain_text("%, running")
        await stage.photograph(view, "running")
        await view.button("Stop").click()
        await expect(view.find(".notes")).to_contain_text("Stopped.")
        await expect(view.find(".state")).to_be_hidden()
        assert ("get_job", True) in [(tool, given.get("cancel")) for tool, given in view.calls]


async def batch(stage: Stage) -> None:
    """Each prompt of a batch has its place, also one that failed."""
    arguments = {**PRICED, "prompts": ["a red kite", "a forbidden thing", "a barn in the snow"]}
    del arguments["prompt"]
    async with stage.play("generate_media", arguments) as view:
        thumbnails = view.find(".thumbnail")
        await expect(thumbnails).to_have_count(3)
        await expect(thumbnails.nth(0).locator("img")).to_be_visible()
        await expect(view.find(".problem")).to_have_count(0)
        await thumbnails.nth(1).click()
        await expect(view.find(".text")).to_have_text("a forbidden thing")
        await expect(view.find(".problem")).to_contain_text("declined")
        await thumbnails.nth(2).click()
        await expect(view.find(".text")).to_have_text("a barn in the snow")
        await expect(view.find(".stage img")).to_be_visible()
        await thumbnails.nth(1).click()


async def failure(stage: Stage) -> None:
    """A call that failed says why."""
    async with stage.play("generate_media", {**PRICED, "prompt": "a forbidden thing"}) as view:
        await expect(view.find(".problem")).to_contain_text("declined")
        await expect(view.find(".text")).to_have_text("a forbidden thing")
        await expect(view.button("Edit")).to_have_count(0)


async def hostile(stage: Stage) -> None:
    """A prompt stays text wherever it is shown."""
    async with stage.play("generate_media", {**PRICED, "prompt": HOSTILE}) as view:
        await expect(view.find(".text")).to_have_text(HOSTILE)
        await expect(view.find(".stage img")).to_have_attribute("alt", HOSTILE)
        await view.button("Variants").click()
        await expect(view.find("textarea")).to_have_value(HOSTILE)
        await view.button("Generate").click()
        await expect(view.card(1).locator(".stage img")).to_be_visible()
        assert await view.frame.locator("[src=x], main script").count() == 0
        assert not [frame.url for frame in view.page.frames if await frame.evaluate("'harmed' in window")]


async def long(stage: Stage) -> None:
    """A long prompt is cut, and opened by a key."""
    prompt = "a red kite over a barn, seen from far below, " * 20
    async with stage.play("generate_media", {**PRICED, "prompt": prompt}) as view:
        summary = view.find(".text summary")
        height = (await box(summary))["height"]
        await summary.focus()
        await view.page.keyboard.press("Enter")
        assert (await box(summary))["height"] > height * 2
        await expect(summary).to_have_text(prompt.strip())


async def dark(stage: Stage) -> None:
    """The view takes on the host's theme and colours, also when they change."""
    colours = {"--color-background-primary": "#20242c", "--color-text-primary": "#e8eaf0", "--border-radius-md": "4px"}
    context = {"theme": "dark", "styles": {"variables": colours}}
    async with stage.play("generate_media", LIGHTHOUSE, context=context) as view:
        card = view.card(0)
        await expect(card).to_have_css("background-color", "rgb(32, 36, 44)")
        await expect(card).to_have_css("color", "rgb(232, 234, 240)")
        await expect(view.button("Edit")).to_have_css("border-radius", "4px")
        await view.host("bridge.sendHostContextChange({styles: {variables: {'--color-text-primary': '#ffffff'}}})")
        await expect(card).to_have_css("color", "rgb(255, 255, 255)")
        await view.button("Edit").click()
        await expect(view.find(".price")).to_contain_text("Free")


async def own_dark(stage: Stage) -> None:
    """Without the host's colours it has its own."""
    async with stage.play("generate_media", PRICED, context={"theme": "dark"}) as view:
        await expect(view.card(0)).to_have_css("background-color", "rgb(38, 38, 36)")


async def narrow(stage: Stage) -> None:
    """It fits into 380 pixels."""
    async with stage.play("generate_media", {**LIGHTHOUSE, "n": 3}, width=380) as view:
        await view.button("Edit").click()
        await expect(view.find(".price")).to_contain_text("Free")
        await expect(view.find(".thumbnail img")).to_have_count(3)


async def keyboard(stage: Stage) -> None:
    """Everything can be reached and left with keys."""
    async with stage.play("generate_media", PRICED) as view:
        await view.button("Edit").focus()
        await view.page.keyboard.press("Enter")
        await expect(view.find("textarea")).to_be_focused()
        await view.page.keyboard.press("Escape")
        await expect(view.find("textarea")).to_have_count(0)
        await expect(view.button("Edit")).to_be_focused()
        await view.page.keyboard.press("Enter")
        await expect(view.find(".price")).to_contain_text("About")
        await view.page.keyboard.type("with snow")
        await view.page.keyboard.press("Control+Enter")
        await expect(view.card(1).locator(".stage img")).to_be_visible()
        await view.page.keyboard.press("Tab")


async def copying(stage: Stage) -> None:
    """The path is copied, or selected where that is not possible."""
    async with stage.play("generate_media", PRICED) as view:
        await view.button("Copy path").click()
        await expect(view.find(".actions")).to_contain_text("Copied")
        await view.inner.evaluate("document.execCommand = () => false; navigator.clipboard.writeText = undefined")
        await view.button("Copy path").click()
        await expect(view.find(".actions")).to_contain_text("Selected: copy it")
        selected = await view.inner.evaluate("String(getSelection())")
        assert selected == await view.find(".path").text_content()


async def download(stage: Stage) -> None:
    """A file is handed to the host to be downloaded."""
    async with stage.play("generate_media", PRICED) as view:
        await expect(view.find(".stage img")).to_have_attribute("src", starts("data:image/png"))
        await view.button("Download").click()
        await until_said(view, "download-file", "image/png", "media://")


async def unable(stage: Stage) -> None:
    """A host that can do nothing sees the preview, the path and how to copy it."""
    async with stage.play("generate_media", PRICED, capabilities={}) as view:
        await expect(view.find(".stage img")).to_have_attribute("src", starts("data:image/jpeg"))
        await expect(view.find(".actions button")).to_have_count(1)
        await expect(view.find(".path")).to_contain_text("/out/")
        assert view.calls == []
        assert view.reads == []


async def unable_running(stage: Stage) -> None:
    """There, a running job says how to go on."""
    stage.provider.settings(polls={"slow-1": FOREVER})
    async with stage.play("generate_media", SLOW, capabilities={}) as view:
        await expect(view.find(".state")).to_contain_text("Ask for the job")
        await expect(view.button("Stop")).to_have_count(0)


async def text_only(stage: Stage) -> None:
    """A result without previews and links is shown from resources."""
    whole = await stage.call("generate_media", LIGHTHOUSE)
    async with stage.present(LIGHTHOUSE, CallToolResult(content=whole.content[:1])) as view:
        await expect(view.find(".stage img")).to_have_attribute("src", starts("data:image/png"))
        assert any(uri.endswith("/preview") for uri in view.reads)


async def collected(stage: Stage) -> None:
    """A job that is collected shows its prompt, which is known from the library."""
    made = await stage.call("generate_media", LIGHTHOUSE)
    job = answer(made)["job_id"]
    async with stage.play("get_job", {"job_id": job}) as view:
        await expect(view.find(".text")).to_have_text(LIGHTHOUSE["prompt"])
        await view.button("Variants").click()
        await expect(view.find("textarea")).to_have_value(LIGHTHOUSE["prompt"])
        await expect(view.find(".price")).to_contain_text("Free")


async def jobs(stage: Stage) -> None:
    """The list of recent jobs opens them."""
    await stage.call("generate_media", PRICED)
    async with stage.play("get_job", {}) as view:
        await view.frame.get_by_role("button", name=PRICED["prompt"]).first.click()
        await expect(view.card(1).locator(".stage img")).to_be_visible()


async def other_text(stage: Stage) -> None:
    """A text that is not ours is shown as it is."""
    result = CallToolResult(content=[TextContent(type="text", text="The user declined the call.")])
    async with stage.present(LIGHTHOUSE, result) as view:
        await expect(view.find(".problem")).to_have_text("The user declined the call.")


async def cancelled(stage: Stage) -> None:
    """A call that the host gave up says that its job may go on."""
    async with stage.present(LIGHTHOUSE, None) as view:
        await expect(view.find(".state")).to_contain_text("Working")
        await view.host("bridge.sendToolCancelled({reason: 'timeout'})")
        await expect(view.find(".problem")).to_contain_text("Its job may go on")


async def teardown(stage: Stage) -> None:
    """A view that is torn down stops to poll."""
    stage.provider.settings(polls={"slow-1": FOREVER})
    async with stage.play("generate_media", SLOW) as view:
        await view.host("bridge.teardownResource({})")
        polled = len(view.calls)
        await view.page.wait_for_timeout(3000)
        assert len(view.calls) == polled, view.calls


SCENES: Mapping[str, Callable[[Stage], Awaitable[None]]] = {
    scene.__name__: scene
    for scene in (
        picture,
        film,
        sound,
        edit,
        price,
        variants,
        stop,
        batch,
        failure,
        hostile,
        long,
        dark,
        own_dark,
        narrow,
        keyboard,
        copying,
        download,
        unable,
        unable_running,
        text_only,
        collected,
        jobs,
        other_text,
        cancelled,
        teardown,
    )
}
