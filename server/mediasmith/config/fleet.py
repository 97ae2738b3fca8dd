"""Check the settings of a fleet together, and name the secrets among them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from urllib.parse import unquote

from mediasmith.config.settings import FLEET, Settings, problems_of, variable
from mediasmith.plugin.errors import MediaError

_PACKAGES = ("psycopg", "obstore")
_CREDENTIALS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
_PASSWORDS = ("password", "sslpassword")  # as parameters of a database's URL


def fleet_problem(settings: Settings, problems: Sequence[str]) -> str:
    """Return why the settings do not make a fleet although some are meant to, or "". `problems` are values not used."""
    wrong = problems_of(problems, *FLEET)
    if wrong:
        return "; ".join(wrong)
    given = [variable(field) for field in FLEET if getattr(settings, field)]
    needed = [variable(field) for field in ("database_url", "store_url") if not getattr(settings, field)]
    if given and needed:
        return f"{given[0]} is set, but {' and '.join(needed)} {'is' if len(needed) == 1 else 'are'} not"
    lacking = [package for package in _PACKAGES if given and find_spec(package) is None]
    return f"the package {lacking[0]} is not installed: install mediasmith[fleet]" if lacking else ""


def check_secret(settings: Settings) -> None:
    """Check that a replica can sign links that are valid at the others.

    Raises:
        MediaError: it is in a fleet, and there is no secret to sign them with.
    """
    if settings.in_fleet and not settings.secret:
        raise MediaError(
            "MEDIASMITH_SECRET is not set, so that the links of one replica would not be valid at the others.",
            "Set it to something random, the same for every replica: openssl rand -hex 32.",
        )


def fleet_secrets(settings: Settings, env: Mapping[str, str]) -> Iterator[str]:
    """Yield every value in the settings and the credentials of a fleet that must never be shown."""
    yield from (secret.get_secret_value() for secret in settings.secret)
    yield from (env.get(name, "") for name in _CREDENTIALS)
    if settings.database_url is not None:
        yield (url := settings.database_url.get_secret_value())
        yield from _passwords(url)


def _passwords(url: str) -> Iterator[str]:
    """Yield the passwords in a database's URL, as they are written and URL-decoded."""
    userinfo = url.partition("://")[2].partition("/")[0].rpartition("@")[0]
    password = userinfo.partition(":")[2]
    yield from (password, unquote(password))
    parameters = [parameter.partition("=") for parameter in url.partition("?")[2].split("&")]
    yield from (form for name, _, value in parameters if name in _PASSWORDS for form in (value, unquote(value)))
