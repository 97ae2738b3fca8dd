"""Build the engine of an installation: everything that only work needs is imported from here."""

from __future__ import annotations

from urllib.parse import urlsplit

from anyio.abc import TaskGroup

from mediasmith.config.allowed_folders import AllowedFolders
from mediasmith.config.credentials import access, base_url_variable
from mediasmith.config.installation import Installation
from mediasmith.engine.catalogue import Catalogue
from mediasmith.engine.use_cases import Engine
from mediasmith.jobs.dispatch import Dispatcher
from mediasmith.jobs.outputs import Outputs
from mediasmith.jobs.recovery import Recovery
from mediasmith.jobs.service import JobService
from mediasmith.jobs.task import TaskExecution
from mediasmith.runtime.client_pool import ClientPool
from mediasmith.runtime.clock import Clock
from mediasmith.runtime.network import SystemNetwork
from mediasmith.runtime.redaction import Redactor
from mediasmith.selection.live_lists import LiveLists
from mediasmith.selection.planning import Planner
from mediasmith.storage.downloader import Downloader
from mediasmith.storage.library.store import Library


def assemble(
    installation: Installation, clock: Clock, *, clients: TaskGroup, work: TaskGroup, confined: bool
) -> Engine:
    """The engine of an installation: SDK clients live in the one task group, jobs in the other.

    `confined`: paths must lead into the allowed folders.
    """
    settings, registry, env = installation.settings, installation.registry, installation.env
    roots = AllowedFolders.find(settings, confined=confined)
    redact = Redactor(installation.secrets)
    library = Library(settings.data_dir / "library.sqlite3")
    downloader = Downloader(trusted=_trusted(installation), network=SystemNetwork())
    owned = ClientPool(clients, lambda backend: access(backend, env))
    tasks = TaskExecution(
        library=library,
        clients=owned,
        clock=clock,
        outputs=Outputs(clock=clock, downloader=downloader, settings=settings),
        settings=settings,
        redact=redact,
        why_not=installation.why_not,
    )
    live_lists = LiveLists(clients=owned, clock=clock)
    making = Dispatcher(tasks=tasks, library=library, live_lists=live_lists, clock=clock)
    return Engine(
        installation=installation,
        catalogue=Catalogue(installation=installation, live_lists=live_lists, redact=redact),
        clients=owned,
        clock=clock,
        library=library,
        jobs=JobService(
            task_group=work,
            library=library,
            making=making,
            recovery=Recovery(library=library, tasks=tasks, registry=registry, roots=roots),
            clock=clock,
            folder=settings.data_dir / "owners",
        ),
        planning=Planner(
            installation=installation,
            resting=making.left_out,
            roots=roots,
            clock=clock,
            library=library,
            live_lists=live_lists,
            downloader=downloader,
        ),
        roots=roots,
    )


def _trusted(installation: Installation) -> frozenset[str]:
    """The hosts that may have private addresses: those the user has named, and those of the base URLs set."""
    urls = [installation.env.get(base_url_variable(name), "") for name in installation.registry.backends]
    hosts = (urlsplit(url if "//" in url else f"//{url}").hostname for url in urls)
    return frozenset([*installation.settings.trusted_hosts, *(host for host in hosts if host)])
