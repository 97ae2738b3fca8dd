"""The certificates to trust: those that the environment names, or else the system's."""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from ssl import SSLContext

from mediasmith.config.env_values import read_value
from mediasmith.config.settings import unexpanded
from mediasmith.plugin.errors import Misconfigured

VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""The variables that name a file of certificates, or a folder of such files. The first that is set counts.

SSL_CERT_DIR may name several, separated as in PATH.
"""

_PEM = re.compile(rb"-----BEGIN ((?:TRUSTED )?CERTIFICATE)-----[A-Za-z0-9+/=\s]+-----END \1-----")

_DER = b"\x30"
"""How anything in DER begins that has parts, such as a certificate."""


@dataclass(frozen=True, kw_only=True)
class Certificates:
    """What to trust."""

    context: SSLContext = field(repr=False)

    @property
    def pem(self) -> bytes | None:
        """The certificates one by one, or None where the system does not list its own."""
        try:
            found = self.context.get_ca_certs(binary_form=True)
        except NotImplementedError:  # it asks macOS or Windows about each certificate
            found = ssl.create_default_context().get_ca_certs(binary_form=True)
        if found:
            return "".join(map(ssl.DER_cert_to_PEM_cert, found)).encode()
        return _join(_files(Path(ssl.get_default_verify_paths().openssl_capath))) or None


def named_place(env: Mapping[str, str]) -> tuple[str, str]:
    """Return the variable that counts and the file or folder it names, or two empty texts for the system's own."""
    for variable in VARIABLES:
        place = read_value(env.get(variable, ""), env)
        if place and not unexpanded(place):
            return variable, place
    return "", ""


def read_certificates(env: Mapping[str, str]) -> Certificates:
    """Return what to trust, read once per process. The first time takes some 50 ms and several megabytes.

    Raises:
        Misconfigured: the file or folder that a variable names cannot be read, or has no certificate.
    """
    variable, place = named_place(env)
    return _read(variable, place) if variable else system_certificates()


@cache
def system_certificates() -> Certificates:
    """Return what the system trusts."""
    import httpx2  # noqa: PLC0415 - heavy: needed only to connect

    return Certificates(context=httpx2.create_ssl_context(trust_env=False))


@cache
def _read(variable: str, place: str) -> Certificates:
    paths = [Path(path) for path in (place.split(os.pathsep) if variable == "SSL_CERT_DIR" else [place])]
    # Python 3.13's defaults refuse what many companies' proxies sign with, for formal reasons.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        found = _join(file for path in paths for file in (_files(path) if path.is_dir() else [path]))
        if found:
            context.load_verify_locations(cadata=found.decode("ascii"))
    except ssl.SSLError as error:
        raise _wrong(variable, place, "which has a damaged certificate") from error
    except OSError as error:
        raise _wrong(variable, place, f"which cannot be read ({error.strerror})") from error
    if not found:
        raise _wrong(variable, place, "which has no certificate in PEM or DER")
    return Certificates(context=context)


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files of a folder that can be read; a link may lead nowhere."""
    with suppress(OSError):
        yield from sorted(file for file in folder.iterdir() if file.is_file() and os.access(file, os.R_OK))


def _join(files: Iterable[Path]) -> bytes:
    """Return every certificate in the files once: the folders of systems have each one under several names."""
    return b"\n".join(dict.fromkeys(found for file in files for found in _certificates(file.read_bytes())))


def _certificates(content: bytes) -> list[bytes]:
    """Return the certificates of a file in PEM; a file in DER has one."""
    found = [one[0] for one in _PEM.finditer(content)]
    if not found and content.startswith(_DER):
        with suppress(ssl.SSLError):  # it is something else in DER, such as a key
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=content)
            found.append(ssl.DER_cert_to_PEM_cert(content).strip().encode())
    return found


def _wrong(variable: str, place: str, why: str) -> Misconfigured:
    return Misconfigured(
        f"{variable} names {place}, {why}.",
        f"Correct or unset {variable}, and restart the server.",
        variables=[variable],
    )
