"""Check answers in unusual forms: files in every spelling, the provider's own words, and unreadable ones."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from mediasmith.plugin.contract import Capability
from mediasmith.plugin.kinds import MEDIA_TYPES
from mediasmith.plugin.media import HEAD, media_type, sniff
from mediasmith.testing.engine_harness import failure_of, running_engine
from mediasmith.testing.rig import CheckContext, Rig, check, content, wired
from mediasmith.testing.wire import Answer

_WORDS = "The stars are not right tonight"

_WORDED: Mapping[str, bytes] = {
    "error.message": json.dumps({"error": {"message": _WORDS}}).encode(),
    "error": json.dumps({"error": _WORDS}).encode(),
    "message": json.dumps({"message": _WORDS}).encode(),
    "detail": json.dumps({"detail": _WORDS}).encode(),
    "a plain text": _WORDS.encode(),
}
"""Error answers that say why, by where they say it."""


@check("the provider's own words are in the error", needs=wired, about="backend")
async def words(context: CheckContext) -> None:
    """An error says why a request was not accepted, wherever the answer says it, without files that it repeats."""
    async with context.adapter() as adapter:
        for place, body in _WORDED.items():
            context.on_wire.clear()
            context.on_wire.script(*[Answer(status=422, body=body)] * 4)
            error = await adapter.failure_of_request(context.request())
            assert _WORDS in error.message, (
                f"an answer with status 422 says why in {place}, and the error does not: {error.message!r}. Give "
                "error_for_status the detail that answer_text or error_text finds."
            )
        context.on_wire.clear()


_LONG_BASE64 = re.compile(rb"[A-Za-z0-9+/]{40,}={0,2}")

_SPELLINGS: Mapping[str, Callable[[str], str]] = {
    "without padding": lambda text: text.rstrip("="),
    "in the alphabet for URLs": lambda text: text.replace("+", "-").replace("/", "_"),
    "in lines": lambda text: "\\n".join(text[at : at + 76] for at in range(0, len(text), 76)),
    "in a data URI": lambda text: f"data:{sniff(base64.b64decode(text)[:HEAD])};base64,{text}",
}
"""Spellings of base64 that gateways use; a JSON string has its line breaks as they are written here."""


def _respelled(spell: Callable[[str], str]) -> Callable[[bytes], bytes]:
    """Return an edit after which the base64 of each file in a JSON answer is spelled so."""

    def edit(body: bytes) -> bytes:
        return _LONG_BASE64.sub(respell, body) if body.lstrip()[:1] in {b"{", b"["} else body

    def respell(found: re.Match[bytes]) -> bytes:
        text = found[0].decode()
        if len(text) % 4 or not sniff(base64.b64decode(text)[:HEAD]) or _is_in_data_uri(found):
            return found[0]
        return spell(text).encode()

    return edit


def _is_in_data_uri(found: re.Match[bytes]) -> bool:
    return found.string[: found.start()].endswith(b"base64,")


def _reads_answers(rig: Rig, capability: Capability[Any, Any]) -> bool:
    return rig.wire is not None and capability.name not in rig.parsed


@check("a file is read in any spelling of base64", needs=_reads_answers)
async def spellings(context: CheckContext) -> None:
    """What a gateway writes in its own way was paid for all the same."""
    wire = context.on_wire
    async with context.adapter() as adapter:
        for name, spell in _SPELLINGS.items():
            wire.clear()
            for pays in (True, False):
                wire.script(*[Answer(edit=_respelled(spell))] * 100, pays=pays)
            try:
                result = await adapter.finish(await adapter.capability.start(adapter.call_for(context.request())))
            except Exception as error:
                raise AssertionError(
                    f"an answer whose base64 is {name} raised {type(error).__name__}: {error}. Read it with read_media "
                    "or decode_base64."
                ) from error
            bodies = [content(output) for output in result.outputs]
            kind = MEDIA_TYPES[context.capability.kind]
            assert all(body is None or media_type(sniff(body[:HEAD])) == kind for body in bodies), (
                f"base64 {name} was not read as a file."
            )
        wire.clear()


_ASTRAY = b"These bytes went astray."


@check("an answer that cannot be read is kept", needs=_reads_answers)
async def kept(context: CheckContext) -> None:
    """It may have been paid for: its bytes are kept as a file, which the error names."""
    async with running_engine(context) as harness:
        context.on_wire.clear()
        context.on_wire.script(*[Answer(status=200, body=_ASTRAY, mime="text/plain")] * 4)
        error = await failure_of(harness.generate())
        context.on_wire.clear()
        folder = harness.folder / "data" / "unreadable"
        files = list(folder.iterdir()) if folder.is_dir() else []
        if harness.observed.polled:
            return  # its handle was recorded before, so that nothing is lost with the answer
    assert error is not None, "an answer of junk counts as a success."
    assert [file.read_bytes() for file in files] == [_ASTRAY], (
        f"an answer that cannot be read is lost ({error}): raise malformed(name, body), as read_answer does, so that "
        "the server can keep it."
    )
    assert str(files[0]) in str(error), f"the error does not say where the answer is kept: {error}"


CHECKS = (words, spellings, kept)
