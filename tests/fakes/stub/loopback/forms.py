"""Forms with files, as `multipart/form-data` brings them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.parser import HeaderParser
from hashlib import sha256
from typing import Any

from loopback.connection import Request
from loopback.faults import Fault, Problem, fault

_NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")


@dataclass(frozen=True, kw_only=True)
class File:
    """A file in a form: its field, and the name and the type that the client gave it."""

    field: str
    name: str
    mime: str
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Form:
    """A form's text fields, nested as their names say (`svg[model]`), and its files in order."""

    fields: dict[str, Any] = field(default_factory=dict[str, Any])
    files: tuple[File, ...] = ()

    def error_record(self) -> Mapping[str, object]:
        """As the log shows it."""
        return {"fields": self.fields, "files": [_described(file) for file in self.files]}


def form(request: Request) -> Form:
    """The form a request brings; raises `Fault` for what is none."""
    found = re.fullmatch(r'multipart/form-data; *boundary="?([^";]+)"?', request.headers.get("content-type", ""))
    if not found:
        raise fault("type", "The body must be multipart/form-data with a boundary.")
    first, *parts, last = (b"\r\n" + request.body).split(b"\r\n--" + found[1].encode())
    if first or last.strip() != b"--":
        raise fault("body", "The form does not end where its boundary says.")
    fields: dict[str, Any] = {}
    files: list[File] = []
    for part in parts:
        read = _part(part)
        if isinstance(read, File):
            files.append(read)
        else:
            _put(fields, *read)
    return Form(fields=fields, files=tuple(files))


def _part(part: bytes) -> File | tuple[str, str]:
    head, gap, body = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
    headers = HeaderParser().parsestr(head.decode())
    name = headers.get_param("name", header="content-disposition")
    if not gap or not isinstance(name, str):
        raise fault("body", "A part of the form has no name.")
    filename = headers.get_filename()
    if filename is None:
        return name, body.decode(errors="replace")
    return File(field=name, name=filename, mime=headers.get("content-type", ""), body=body)


def _put(fields: dict[str, Any], name: str, value: str) -> None:
    found = _NAME.fullmatch(name)
    if not found:
        raise Fault("body", Problem(place=(name,), code="name", message="is not the name of a field"))
    *path, last = [found[1], *re.findall(r"\[([^\[\]]*)\]", found[2])]
    inner = fields
    for step in path:
        inner = inner.setdefault(step, {})
    if last in inner:
        raise Fault("body", Problem(place=(name,), code="twice", message="is there twice"))
    inner[last] = value


def _described(file: File) -> Mapping[str, object]:
    return {
        "field": file.field,
        "name": file.name,
        "mime": file.mime,
        "size": len(file.body),
        "sha256": sha256(file.body).hexdigest(),
    }
