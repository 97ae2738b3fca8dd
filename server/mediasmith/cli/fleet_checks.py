"""Check what the replicas of a fleet share: the database, the bucket, links into it, and the secret.

A small object is written to the bucket, and deleted. Nothing that is said has a password.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from mediasmith.config.fleet import check_secret
from mediasmith.config.installation import Installation
from mediasmith.plugin.errors import MediaError
from mediasmith.runtime.network import SystemNetwork
from mediasmith.storage.artifacts.bucket import Bucket

if TYPE_CHECKING:
    from mediasmith.storage.library.database import Row

_SERVER = """
    SELECT current_setting('server_version') AS server, inet_server_addr()::text AS address,
        current_database() AS name, (SELECT max(number) FROM schema_version) AS schema
"""
_FEW = 10
"""A random text of 32 characters has more different ones."""

_LINK_SECONDS = 60


async def check_fleet(installation: Installation) -> Mapping[str, str | MediaError]:
    """Return what was found out about each part, or what is wrong with it."""
    checks: Mapping[str, Callable[[Installation], Awaitable[str]]] = {
        "database": _check_database,
        "bucket": _check_bucket,
        "links": _check_links,
        "secret": _check_secret,
    }
    found: dict[str, str | MediaError] = {}
    for part, check in checks.items():
        try:
            found[part] = await check(installation)
        except MediaError as error:
            found[part] = error
        except FileNotFoundError:
            found[part] = MediaError(f"There is no bucket {installation.settings.store_url}.", "Create it.")
    return found


async def _check_database(installation: Installation) -> str:
    from mediasmith.storage.library.postgres import PostgresDatabase  # noqa: PLC0415 - only a fleet has the package

    url = installation.settings.database_url
    database = PostgresDatabase(url.get_secret_value() if url else "")
    try:
        [found] = await database.read(_describe_server, _SERVER)
    finally:
        await database.close()
    return found


def _describe_server(row: Row) -> str:
    place = f"{row['name']} at {row['address'] or 'a socket of this machine'}"
    return f"{place}: PostgreSQL {row['server']}, version {row['schema']} of the tables"


async def _check_bucket(installation: Installation) -> str:
    bucket, key, content = _bucket(installation), f"check/{secrets.token_hex(8)}", secrets.token_bytes(64)
    await bucket.put(key, content, mime="application/octet-stream")
    try:
        read = await bucket.read(key)
    finally:
        await bucket.delete(key)
    if read != content or await bucket.facts(key) is not None:
        raise MediaError(
            f"The bucket {installation.settings.store_url} does not give back what it took, or does not delete it.",
            "It has to be a store that serves what was written at once.",
        )
    return f"{installation.settings.store_url} can be written, read and deleted from"


async def _check_links(installation: Installation) -> str:
    """Try a link for browsers, as far as that is possible from here."""
    address = installation.settings.store_public_url
    if address is None:
        return "MEDIASMITH_STORE_PUBLIC_URL is not set: files are sent through the replicas"
    bucket, key = _bucket(installation), f"check/{secrets.token_hex(8)}"
    await bucket.put(key, b"linked", mime="text/plain")
    try:
        link = await bucket.sign(key, seconds=_LINK_SECONDS)
        read = await _read(installation, link)
    finally:
        await bucket.delete(key)
    return f"lead to {address}" if read == b"linked" else f"do not lead to the bucket from here, at {address}"


async def _read(installation: Installation, link: str) -> bytes:
    import httpx2  # noqa: PLC0415 - heavy: needed only to connect

    try:
        async with SystemNetwork(installation.env).client(read_seconds=10) as client:
            return (await client.get(link)).content
    except httpx2.HTTPError:
        return b""


async def _check_secret(installation: Installation) -> str:
    given = [secret.get_secret_value() for secret in installation.settings.secret]
    if any(len(set(text)) < _FEW for text in given):
        raise MediaError("MEDIASMITH_SECRET is easy to guess.", "Set it to something random: openssl rand -hex 32.")
    check_secret(installation.settings)
    return "set" if len(given) == 1 else f"{len(given)} are set: the first one signs"


def _bucket(installation: Installation) -> Bucket:
    settings = installation.settings
    return Bucket(settings.store_url or "", public_url=settings.store_public_url or "", env=installation.env)
