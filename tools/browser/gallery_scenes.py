"""What must be seen and heard in the gallery: each scene presses buttons and looks at what follows."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping

import anyio
from playwright.async_api import Locator, expect

from browser.gallery_stage import GalleryStage

expect.set_options(timeout=30_000)

LIGHTHOUSE = "a lighthouse at dusk, teal and amber"
HOSTILE = '<img src=x onerror=parent.harmed=1></textarea><script>parent.harmed=1</script> \u202eevil & "quoted" \''
FOREVER = 1_000_000  # polls

_POLL_MS = 100
_POLLS = 200


async def empty(stage: GalleryStage) -> None:
    """An empty library says so, and the key is in the address no more."""
    await expect(stage.page.locator("#count")).to_have_text("Nothing was made yet. Press New to make something.")
    assert stage.page.url.endswith("/gallery")


async def new_picture(stage: GalleryStage) -> None:
    """Something new shows its price first, then its job, and then itself."""
    await stage.button("New").click()
    maker = stage.page.locator("#maker")
    await expect(maker.locator("textarea")).to_be_focused()
    await maker.get_by_label("Backend").select_option("stub_now")
    await expect(maker.locator(".price")).to_have_text("About $0.04, stub_now now-2")
    paid = stage.provider.paid()
    await maker.locator("textarea").fill("a red kite")
    await maker.get_by_role("button", name="Generate").click()
    await expect(stage.tiles).to_have_count(1)
    await expect(stage.tiles.first).to_contain_text("a red kite")
    await expect(stage.jobs).to_have_count(0)
    assert stage.provider.paid() == paid + 1


async def film(stage: GalleryStage) -> None:
    """A film that another process makes appears by itself, with a poster; it plays and seeks."""
    await stage.make("a sailboat passes", kind="video", duration=4, backend="sketch")
    await expect(stage.tiles).to_have_count(1)
    await expect(stage.tiles.locator(".length")).to_have_text("4 s")
    await _loaded(stage, stage.tiles.locator("img"))
    await stage.tiles.first.click()
    await _plays(stage, "video")


async def sound(stage: GalleryStage) -> None:
    """A spoken line has a waveform; it plays and seeks."""
    await stage.make("The harbour is quiet tonight.", kind="speech", backend="sketch")
    await _loaded(stage, stage.tiles.locator("img.sound"))
    await stage.tiles.first.click()
    await _plays(stage, "audio")


async def edit(stage: GalleryStage) -> None:
    """An edit shows its price, runs, and then stands in the tree; each step of the tree can be opened."""
    stage.provider.settings(polls={"job-1": 4})
    await stage.make("a red kite over a barn", backend="stub_job")
    await stage.tiles.first.click()
    await stage.detail.get_by_role("button", name="Edit", exact=True).click()
    await expect(stage.detail.locator(".price")).to_have_text("Price unknown, stub_job job-1")
    await stage.detail.locator("textarea").fill("at night, with a moon")
    await stage.detail.get_by_role("button", name="Generate").click()
    await expect(stage.detail).to_be_hidden()
    await expect(stage.jobs.get_by_role("progressbar")).to_be_visible()
    await expect(stage.tiles).to_have_count(2)
    await expect(stage.jobs).to_have_count(0)
    await stage.tiles.first.click()
    steps = stage.detail.locator(".tree .step")
    await expect(steps).to_have_text(["a red kite over a barn", "at night, with a moon"])
    await expect(steps.nth(1)).to_have_attribute("aria-current", "true")
    await expect(stage.detail.locator(".about ol li")).to_have_text(["a red kite over a barn", "at night, with a moon"])
    await steps.first.click()
    await expect(stage.detail.locator(".tree .step").first).to_have_attribute("aria-current", "true")


async def variants(stage: GalleryStage) -> None:
    """Variants of a file are made with its prompt."""
    await stage.make("a red kite", backend="stub_now")
    await stage.tiles.first.click()
    await stage.detail.get_by_role("button", name="Variants").click()
    await expect(stage.detail.locator(".price")).to_have_text("About $0.08, stub_now now-2")
    await stage.detail.get_by_role("button", name="Generate").click()
    await expect(stage.tiles).to_have_count(3)


async def stop(stage: GalleryStage) -> None:
    """A job of another process is shown while it runs, and can be stopped here."""
    stage.provider.settings(polls={"slow-1": FOREVER})
    job = await stage.make("a slow sunrise", backend="stub_slow", wait_seconds=0)
    assert job["status"] == "running"
    await expect(stage.jobs).to_have_count(1)
    while not any(entry["method"] == "GET" for entry in stage.provider.log()):
        await stage.page.wait_for_timeout(_POLL_MS)  # what has not been sent yet, another process cannot stop
    await stage.jobs.get_by_role("button", name="Stop").click()
    await expect(stage.jobs.locator(".notes")).to_contain_text("Stopped.")
    await stage.jobs.get_by_role("button", name="Dismiss").click()
    await expect(stage.jobs).to_have_count(0)


async def filters(stage: GalleryStage) -> None:
    """Files are found by text, kind, backend and date."""
    await stage.make(LIGHTHOUSE, backend="sketch")
    await stage.make("a red kite", backend="stub_now")
    await stage.make("Good night.", kind="speech", backend="sketch")
    await expect(stage.tiles).to_have_count(3)
    search, count = stage.page.get_by_label("Search prompts"), stage.page.locator("#count")
    await search.fill("LIGHT")
    await expect(stage.tiles).to_have_count(1)
    await search.fill("nowhere")
    await expect(count).to_have_text("No file matches.")
    await search.fill("")
    await stage.page.get_by_label("Kind").select_option("speech")
    await expect(stage.tiles).to_have_count(1)
    await stage.page.get_by_label("Kind").select_option("")
    await stage.page.get_by_label("Backend").select_option("stub_now")
    await expect(stage.tiles).to_have_count(1)
    await stage.page.get_by_label("Backend").select_option("")
    await stage.page.get_by_label("to", exact=True).fill("2001-02-03")
    await expect(stage.tiles).to_have_count(0)
    await stage.page.get_by_label("to", exact=True).fill("")
    await stage.page.get_by_label("From").fill("2001-02-03")
    await expect(stage.tiles).to_have_count(3)


async def delete(stage: GalleryStage) -> None:
    """A file is deleted after a question, and kept if the answer is no."""
    [file] = (await stage.make(LIGHTHOUSE, backend="sketch"))["files"]
    await stage.tiles.first.click()
    await stage.button("Delete …").click()
    await expect(stage.page.locator("#question-text")).to_contain_text(file["path"])
    await stage.button("Keep it").click()
    assert await anyio.Path(file["path"]).exists()
    await stage.button("Delete …").click()
    await stage.button("Delete").click()
    await expect(stage.tiles).to_have_count(0)
    assert not await anyio.Path(file["path"]).exists()


async def costs(stage: GalleryStage) -> None:
    """The costs of the last days are a chart, with a sum for each backend; it follows what is spent."""
    await stage.make("a red kite", backend="stub_now", n=3)
    await stage.button("Costs").click()
    panel = stage.page.locator("#costs")
    await expect(panel.get_by_role("heading")).to_have_text("Last 30 days: $0.12")
    said = re.compile(r"^Cost of each day .* \$0\.12 a day$")
    await expect(panel.get_by_role("img")).to_have_attribute("aria-label", said)
    await expect(panel.locator(".legend li")).to_have_text(["Stub now $0.12"])
    await stage.make("another one", backend="stub_now")
    await expect(panel.get_by_role("heading")).to_have_text("Last 30 days: $0.16")


async def hostile(stage: GalleryStage) -> None:
    """Whatever a prompt holds is shown as text, and the page refuses HTML from anywhere."""
    await stage.make(HOSTILE, backend="sketch")
    await expect(stage.tiles.locator(".words")).to_have_text(HOSTILE)
    await stage.tiles.first.click()
    await expect(stage.detail.locator(".text")).to_have_text(HOSTILE)
    assert await stage.page.evaluate("globalThis.harmed === undefined")
    refused = "() => { try { document.body.innerHTML = '<b>'; return false; } catch { return true; } }"
    assert await stage.page.evaluate(refused)
    stage.complaints.clear()  # that was one


async def sign_in(stage: GalleryStage) -> None:
    """Without the key nothing is shown; it can be entered."""
    await stage.make(LIGHTHOUSE, backend="sketch")
    await expect(stage.tiles).to_have_count(1)
    await stage.page.context.clear_cookies()
    await stage.page.reload()
    key = stage.page.get_by_label("Key")
    await key.fill("wrong")
    await stage.button("Open").click()
    await expect(stage.page.get_by_role("alert")).to_have_text("This is not the key.")
    await expect(stage.tiles).to_have_count(0)
    stage.complaints.clear()  # of the refusals
    await stage.check()
    await key.fill(stage.address.partition("#key=")[2])
    await stage.button("Open").click()
    await expect(stage.tiles).to_have_count(1)


async def keyboard(stage: GalleryStage) -> None:
    """The keyboard is enough to open a file, to leave it, and to be where one was."""
    await stage.make(LIGHTHOUSE, backend="sketch")
    await expect(stage.tiles).to_have_count(1)
    await stage.button("New").focus()
    await stage.page.keyboard.press("Tab")
    await expect(stage.tiles.first).to_be_focused()
    await stage.page.keyboard.press("Enter")
    await expect(stage.detail.locator(".stage img")).to_be_visible()
    await stage.page.keyboard.press("Escape")
    await expect(stage.detail).to_be_hidden()
    await expect(stage.tiles.first).to_be_focused()


async def dark_and_narrow(stage: GalleryStage) -> None:
    """The page is readable in the dark and on a telephone."""
    await stage.page.emulate_media(color_scheme="dark")
    await stage.page.set_viewport_size({"width": 390, "height": 844})
    await stage.make(LIGHTHOUSE, backend="sketch")
    await stage.make("Good night.", kind="speech", backend="sketch")
    await expect(stage.tiles).to_have_count(2)
    await _loaded(stage, stage.tiles.first.locator("img"))
    await stage.check()
    await stage.tiles.nth(1).click()
    await expect(stage.detail.locator(".stage img")).to_be_visible()


async def _loaded(stage: GalleryStage, picture: Locator) -> None:
    await _until(stage, picture, "image => image.complete && image.naturalWidth > 0")


async def _until(stage: GalleryStage, element: Locator, condition: str) -> None:
    """Wait until a condition holds; the page's policy does not let the browser do it."""
    for _ in range(_POLLS):
        if await element.evaluate(condition):
            return
        await stage.page.wait_for_timeout(_POLL_MS)
    raise AssertionError(condition)


async def _plays(stage: GalleryStage, tag: str) -> None:
    """Check that a film or sound plays, and then another part of it."""
    media = stage.detail.locator(tag)
    await _until(stage, media, "media => media.readyState >= 2")
    await media.evaluate("media => { media.muted = true; return media.play(); }")
    await _until(stage, media, "media => media.currentTime > 0.1")
    end = await media.evaluate("media => { media.pause(); return (media.currentTime = media.duration * 0.8); }")
    await _until(stage, media, "media => !media.seeking")
    assert abs(await media.evaluate("media => media.currentTime") - end) < 0.3


SCENES: Mapping[str, Callable[[GalleryStage], Awaitable[None]]] = {
    "empty": empty,
    "new-picture": new_picture,
    "film": film,
    "sound": sound,
    "edit": edit,
    "variants": variants,
    "stop": stop,
    "filters": filters,
    "delete": delete,
    "costs": costs,
    "hostile": hostile,
    "sign-in": sign_in,
    "keyboard": keyboard,
    "dark-and-narrow": dark_and_narrow,
}
"""The scenes by name."""
