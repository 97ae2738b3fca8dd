"""Read paths as people drag, paste and type them, quoted, escaped or encoded, and find the file that is meant."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from mediasmith.config.allowed_folders import AllowedFolders
from mediasmith.plugin.errors import InvalidRequest, NotAllowed

_QUOTES = {'"': '"', "'": "'", "`": "`", "“": "”", "‘": "’", "«": "»", "<": ">"}  # noqa: RUF001 - as keyboards make them
_ESCAPED = re.compile(r"\\([^\w./])")  # terminals escape no letters, and in Windows paths those follow a backslash
_QUOTED_QUOTE = re.compile(r"""'(?:\\'|"'")'""")  # an apostrophe as shells need it between apostrophes
_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}")
_DRIVE = re.compile(r"/[A-Za-z]:")
_LONGEST_NAME = 255
"""Characters of a name in any usual file system, at most."""

_MAX_ENTRIES = 10_000
"""Entries of a folder to compare a name with."""


def unwrap(text: str) -> str:
    """Return a reference without the white space and quotes around it, and without the @ in front."""
    found = text.strip()
    while True:
        if len(found) > 1 and _QUOTES.get(found[0]) == found[-1]:
            found = found[1:-1].strip()
        elif len(found) > 1 and found[0] == "@":
            found = found[1:]
        else:
            return found


def written_forms(text: str) -> Iterator[str]:
    """Yield the paths that a text may mean, the likeliest first: as written, unquoted, unescaped, URL-decoded."""
    plain = unwrap(text)
    forms = [text, plain, *_file_uri_paths(plain)]
    forms.append(_QUOTED_QUOTE.sub("'", plain))
    if os.sep == "/":
        forms += [_ESCAPED.sub(r"\1", form) for form in forms[1:]]
    forms += [unquote(form, errors="surrogateescape") for form in forms[1:] if _PERCENT.search(form)]
    yield from dict.fromkeys(form for form in forms if form)


def find_file(roots: AllowedFolders, text: str) -> Path | None:
    """Return the real path of what is there under a path in any of its forms, within the allowed folders; blocking.

    A relative path starts at the working directory where that is allowed, then at the output folder. A name may differ
    in its case, its white space and how its accents are encoded, if only one in the folder is like it.

    Raises:
        InvalidRequest: several names in the folder are like it.
    """
    places = [place for form in written_forms(text) for place in _places(roots, form)]
    found = next((place for place in places if os.path.exists(place)), None)  # noqa: PTH110 - Path.exists may raise
    return found or next(filter(None, (_alike(roots, place) for place in places)), None)


def _places(roots: AllowedFolders, form: str) -> Iterator[Path]:
    for path in (form, roots.output / form):
        try:
            yield roots.confine(path)
        except (NotAllowed, ValueError):
            continue


def _alike(roots: AllowedFolders, path: Path) -> Path | None:
    """Return the path with each name that is not there replaced by the only one in its folder that looks the same."""
    there, missing = path, list[str]()
    while not os.path.exists(there) and there != there.parent:  # noqa: PTH110 - as above
        missing.append(there.name)
        there = there.parent
    if any(len(name) > _LONGEST_NAME for name in missing):
        return None
    try:
        for name in reversed(missing):
            wanted = _looks(name)
            same = [entry for entry in _entries(roots.confine(there)) if _looks(entry) == wanted]
            if len(same) > 1:
                names = ", ".join(map(ascii, same[:5]))
                raise InvalidRequest(f"{name!r} does not exist, and several names look like it: {names}.", billed="no")
            if not same:
                return None
            there /= same[0]
        return roots.confine(there)
    except NotAllowed:
        return None


def _entries(folder: Path) -> list[str]:
    try:
        names = os.listdir(folder)  # noqa: PTH208 - names are all that is needed
    except OSError:
        return []
    return names if len(names) <= _MAX_ENTRIES else []


def _looks(name: str) -> str:
    """Return a name as it looks: in lower case, accents composed, every white space a space, nothing invisible.

    Names of macOS have narrow spaces and decomposed accents, those that messengers give begin with invisible marks.
    """
    composed = unicodedata.normalize("NFC", name.casefold())
    return " ".join("".join(sign for sign in composed if unicodedata.category(sign) != "Cf").split())


def _file_uri_paths(text: str) -> Iterator[str]:
    """Yield the path of a `file:` URI, decoded and as it is."""
    scheme, _, rest = text.partition(":")
    if scheme.lower() != "file":
        return
    host, slash, path = rest.removeprefix("//").partition("/")
    if slash and host.lower() in {"", "localhost"}:
        for form in (unquote(path, errors="surrogateescape"), path):
            absolute = f"/{form}"
            yield absolute.removeprefix("/") if _DRIVE.match(absolute) else absolute
