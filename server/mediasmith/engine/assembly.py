"""Build the engine of an installation: everything that only work needs is imported from here."""

from __future__ import annotations

from anyio.abc import TaskGroup

from mediasmith.config.allowed_folders import AllowedFolders
from mediasmith.config.base_urls import trusted_hosts
from mediasmith.config.credentials import read_access
from mediasmith.config.installation import Installation
from mediasmith.engine.catalogue import Catalogue
from mediasmith.engine.file_urls import FileUrls, StoredFileUrls, no_urls
from mediasmith.engine.job_start import JobStarter
from mediasmith.engine.model_search import ModelSearch
from mediasmith.engine.use_cases import Engine
from mediasmith.jobs.adoption import Adopter
from mediasmith.jobs.attach import Attachments
from mediasmith.jobs.cancellation import Canceller, ProviderCancel
from mediasmith.jobs.context_factory import ContextFactory
from mediasmith.jobs.dispatch import Dispatcher
from mediasmith.jobs.outputs import Outputs
from mediasmith.jobs.polling import Poller
from mediasmith.jobs.recovery import Recovery
from mediasmith.jobs.runner.polled_wakeups import PolledWakeups
from mediasmith.jobs.runner.process_locks import LockOwners
from mediasmith.jobs.runner.process_slots import ProcessSlots
from mediasmith.jobs.running_jobs import RunningJobs
from mediasmith.jobs.saved_plans import SavedPlans
from mediasmith.jobs.service import JobService
from mediasmith.jobs.task import TaskExecution
from mediasmith.jobs.task_files import TaskFiles
from mediasmith.jobs.waiting_calls import WaitingCalls
from mediasmith.plugin.errors import MediaError
from mediasmith.runtime.client_pool import ClientPool
from mediasmith.runtime.clock import Clock
from mediasmith.runtime.error_mapping import ErrorMapper
from mediasmith.runtime.network import SystemNetwork
from mediasmith.runtime.redaction import Redactor
from mediasmith.selection.budget import Budget
from mediasmith.selection.cooldown import ProcessCooldown
from mediasmith.selection.live_lists import LiveLists
from mediasmith.selection.lookups import Lookups
from mediasmith.selection.planning import Planner
from mediasmith.storage.artifacts.artifact_store import Artifacts
from mediasmith.storage.artifacts.bucket import Bucket
from mediasmith.storage.artifacts.bucket_artifacts import BucketArtifacts
from mediasmith.storage.artifacts.local_artifacts import LocalArtifacts
from mediasmith.storage.downloader import Downloader
from mediasmith.storage.inputs.bucket_inputs import BucketInputs
from mediasmith.storage.inputs.kept_inputs import FolderInputs
from mediasmith.storage.library.store import Library
from mediasmith.storage.signed_links import SignedLinks, link_keys
from mediasmith.storage.unreadable import UnreadableAnswers


def build_engine(  # noqa: PLR0913 - what differs between processes, each by name
    installation: Installation, clock: Clock, *, clients: TaskGroup, work: TaskGroup, confined: bool, works: bool
) -> Engine:
    """Return the engine of an installation: SDK clients live in the one task group, jobs in the other.

    `confined`: paths must lead into the allowed folders. `works`: this process does jobs, and not only records them.

    Raises:
        MediaError: the settings of a fleet cannot be used.
    """
    if problem := installation.fleet_problem():
        raise MediaError(f"{problem}.", "Correct the settings and start the server again.", billed="no")
    settings, registry, env = installation.settings, installation.registry, installation.env
    folders = AllowedFolders.find(settings, confined=confined)
    redact = Redactor(installation.secrets)
    library = Library.in_file(settings.data_dir / "library.sqlite3")
    bucket, inputs = _bucket(installation), FolderInputs(root=settings.data_dir / "inputs")
    passing = settings.data_dir / "passing"
    files = BucketArtifacts(bucket=bucket, folder=passing, clock=clock) if bucket else LocalArtifacts()
    network = SystemNetwork(env)
    downloader = Downloader(trusted=_trusted_hosts(installation), network=network)
    pool = ClientPool(clients, lambda backend: read_access(backend, env, network))
    live_lists = LiveLists(clients=pool, clock=clock)
    cooldown = ProcessCooldown(clock=clock)
    errors = ErrorMapper(redact=redact, key_notes=installation.key_notes)
    lookups = Lookups(clients=pool, clock=clock, errors=errors)
    unreadable = UnreadableAnswers(folder=settings.data_dir / "unreadable", redact=redact)
    outputs = Outputs(clock=clock, downloader=downloader, settings=settings, unreadable=unreadable)
    execution = TaskExecution(
        library=library,
        clock=clock,
        contexts=ContextFactory(clients=pool, clock=clock, settings=settings, redact=redact),
        poller=Poller(clock=clock, settings=settings, errors=errors, provider_cancel=ProviderCancel(clock=clock)),
        files=TaskFiles(library=library, clock=clock, outputs=outputs, redact=redact),
        slots=ProcessSlots(limit=settings.concurrency),
        errors=errors,
        redact=redact,
        unreadable=unreadable,
        reason_missing=installation.reason_missing,
    )
    budget = Budget(settings=settings, library=library, clock=clock)
    owners = LockOwners(folder=settings.data_dir / "owners")
    waiting = WaitingCalls(records=library.calls, owners=owners)
    recovery = Recovery(library=library, execution=execution, registry=registry, folders=folders, files=files)
    plans = SavedPlans(
        installation=installation,
        library=library,
        live_lists=live_lists,
        lookups=lookups,
        budget=budget,
        clock=clock,
        inputs=BucketInputs(bucket=bucket, local=inputs) if bucket else inputs,
    )
    wakeups = PolledWakeups(clock=clock)
    canceller = Canceller(recovery=recovery, clock=clock, task_group=work)
    running = RunningJobs(
        task_group=work, library=library, recovery=recovery, plans=plans, wakeups=wakeups, clock=clock
    )
    dispatcher = Dispatcher(execution=execution, library=library, live_lists=live_lists, cooldown=cooldown, clock=clock)
    jobs = JobService(
        task_group=work,
        library=library,
        running=running,
        adopter=Adopter(
            library=library,
            running=running,
            dispatcher=dispatcher,
            recovery=recovery,
            canceller=canceller,
            plans=plans,
            owners=owners,
            clock=clock,
            works=works,
        ),
        dispatcher=dispatcher,
        recovery=recovery,
        canceller=canceller,
        attachments=Attachments(records=library.calls, waiting=waiting, clock=clock, task_group=work),
        waiting=waiting,
        plans=plans,
        owners=owners,
        wakeups=wakeups,
        cancel_elsewhere=canceller.cancel_elsewhere,
        clock=clock,
    )
    planner = Planner(
        installation=installation,
        cooldown=cooldown,
        folders=folders,
        clock=clock,
        library=library,
        files=files,
        live_lists=live_lists,
        lookups=lookups,
        downloader=downloader,
        budget=budget,
    )
    search = ModelSearch(
        installation=installation,
        clients=pool,
        clock=clock,
        live_lists=live_lists,
        lookups=lookups,
        errors=errors,
        redact=redact,
    )
    return Engine(
        installation=installation,
        catalogue=Catalogue(installation=installation, live_lists=live_lists, search=search, redact=redact),
        clients=pool,
        clock=clock,
        library=library,
        files=files,
        jobs=jobs,
        starter=JobStarter(settings=settings, folders=folders, planner=planner, jobs=jobs, files=files, clock=clock),
        folders=folders,
        urls=_file_urls(installation, files, clock),
    )


def _bucket(installation: Installation) -> Bucket | None:
    """Return the bucket of a fleet."""
    settings = installation.settings
    if settings.store_url is None:
        return None
    return Bucket(settings.store_url, public_url=settings.store_public_url or "", env=installation.env)


def _file_urls(installation: Installation, files: Artifacts, clock: Clock) -> FileUrls:
    settings = installation.settings
    if settings.store_url is None:
        return no_urls
    links = None
    if settings.http_url and settings.secret:
        links = SignedLinks(base=settings.http_url, keys=link_keys(settings.secret))
    return StoredFileUrls(files=files, links=links, clock=clock)


def _trusted_hosts(installation: Installation) -> frozenset[str]:
    """Return the hosts that may have private addresses: those the user has named, and those of the base URLs in use."""
    own = (
        host
        for name, backend in installation.registry.backends.items()
        for host in trusted_hosts(backend, installation.env, ready=name not in installation.missing)
    )
    return frozenset([*installation.settings.trusted_hosts, *own])
