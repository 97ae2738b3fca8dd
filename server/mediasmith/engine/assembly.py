"""Build the engine of an installation: everything that only work needs is imported from here."""

from __future__ import annotations

from anyio.abc import TaskGroup

from mediasmith.config.allowed_folders import AllowedFolders
from mediasmith.config.base_urls import trusted_hosts
from mediasmith.config.credentials import read_access
from mediasmith.config.installation import Installation
from mediasmith.engine.catalogue import Catalogue
from mediasmith.engine.deployment import Deployment, one_machine
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
from mediasmith.selection.live_lists import LiveLists
from mediasmith.selection.lookups import Lookups
from mediasmith.selection.planning import Planner
from mediasmith.storage.downloader import Downloader
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
    deployment = _deployment(installation, clock, work)
    library, files, owners, wakeups = deployment.library, deployment.files, deployment.owners, deployment.wakeups
    network = SystemNetwork(env)
    downloader = Downloader(trusted=_trusted_hosts(installation), network=network)
    pool = ClientPool(clients, lambda backend: read_access(backend, env, network))
    live_lists = LiveLists(clients=pool, clock=clock)
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
        slots=deployment.slots,
        errors=errors,
        redact=redact,
        unreadable=unreadable,
        reason_missing=installation.reason_missing,
    )
    budget = Budget(settings=settings, problems=installation.problems, library=library, clock=clock)
    waiting = WaitingCalls(records=library.calls, owners=owners)
    recovery = Recovery(library=library, execution=execution, registry=registry, folders=folders, files=files)
    plans = SavedPlans(
        installation=installation,
        library=library,
        live_lists=live_lists,
        lookups=lookups,
        budget=budget,
        clock=clock,
        inputs=deployment.inputs,
    )
    canceller = Canceller(recovery=recovery, clock=clock, task_group=work)
    running = RunningJobs(
        task_group=work, library=library, recovery=recovery, plans=plans, wakeups=wakeups, clock=clock
    )
    dispatcher = Dispatcher(
        execution=execution, library=library, live_lists=live_lists, cooldown=deployment.cooldown, clock=clock
    )
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
            sweeps=not settings.in_fleet,
        ),
        dispatcher=dispatcher,
        recovery=recovery,
        canceller=canceller,
        attachments=Attachments(records=library.calls, waiting=waiting, clock=clock, task_group=work),
        waiting=waiting,
        plans=plans,
        owners=owners,
        wakeups=wakeups,
        cancel_elsewhere=deployment.cancel_elsewhere(canceller),
        clock=clock,
        plan_after=deployment.plan_after,
    )
    planner = Planner(
        installation=installation,
        cooldown=deployment.cooldown,
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
        urls=deployment.urls,
        stop_waiting=deployment.stop_waiting,
        readiness=deployment.join(jobs),
    )


def _deployment(installation: Installation, clock: Clock, work: TaskGroup) -> Deployment:
    if not installation.settings.in_fleet:
        return one_machine(installation, clock)
    from mediasmith.engine.fleet_deployment import fleet  # noqa: PLC0415 - late: its packages are an extra

    return fleet(installation, clock, work)


def _trusted_hosts(installation: Installation) -> frozenset[str]:
    """Return the hosts that may have private addresses: those the user has named, and those of the base URLs in use."""
    own = (
        host
        for name, backend in installation.registry.backends.items()
        for host in trusted_hosts(backend, installation.env, ready=name not in installation.missing)
    )
    return frozenset([*installation.settings.trusted_hosts, *own])
