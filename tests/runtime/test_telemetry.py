"""What is traced and measured where OpenTelemetry is set up: neither prompts nor keys are in it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, NumberDataPoint
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from fakes.backends import fake
from fakes.engines import (
    NO_WAIT,
    Scripted,
    accepted,
    generate,
    get_job,
    hang,
    jumping_engine,
    per_image,
    picture,
    running_engine,
    wait_until_idle,
)
from mediasmith.plugin.contract import Model
from mediasmith.plugin.errors import ProviderError, Refused

PROMPT = "a red kite over the moor"
KEY = "sk-0123456789abcdef"
CALL = {
    "gen_ai.operation.name": "generate_content",
    "gen_ai.provider.name": "one",
    "gen_ai.request.model": "fake-1",
    "gen_ai.output.type": "image",
}


class Telemetry:
    """What was traced and measured."""

    def __init__(self) -> None:
        self._spans = InMemorySpanExporter()
        self._reader = InMemoryMetricReader()
        self.tracers = TracerProvider()
        self.tracers.add_span_processor(SimpleSpanProcessor(self._spans))
        self.meters = MeterProvider([self._reader])

    def spans(self) -> dict[str, ReadableSpan]:
        """Return the spans that have ended, by name."""
        return {span.name: span for span in self._spans.get_finished_spans()}

    def points(self) -> dict[str, list[tuple[Mapping[str, Any], Any]]]:
        """Return the attributes and the value of each point, by the name of its metric; of durations how many."""
        data: Any = self._reader.get_metrics_data()
        measured = data.resource_metrics[0].scope_metrics[0].metrics
        return {
            metric.name: [
                (dict(point.attributes or {}), point.value if isinstance(point, NumberDataPoint) else point.count)
                for point in metric.data.data_points
            ]
            for metric in measured
        }


@pytest.fixture
def telemetry(monkeypatch: pytest.MonkeyPatch) -> Telemetry:
    telemetry = Telemetry()
    monkeypatch.setattr("opentelemetry.trace.get_tracer_provider", lambda: telemetry.tracers)
    monkeypatch.setattr("opentelemetry.metrics.get_meter_provider", lambda: telemetry.meters)
    return telemetry


async def test_a_job_and_its_provider_call_are_traced_and_measured(tmp_path: Path, telemetry: Telemetry) -> None:
    model = Model(id="fake-1", prices=per_image(0.04))
    async with running_engine(tmp_path, Scripted(picture(cost=0.05)).backend(models=(model,))) as engine:
        made = await generate(engine, PROMPT)
    spans = telemetry.spans()
    job, call = spans["job image"], spans["generate_content fake-1"]
    assert job.attributes == {
        "mediasmith.job.id": made.job_id,
        "mediasmith.kind": "image",
        "mediasmith.job.state": "done",
    }
    assert call.attributes == CALL | {
        "gen_ai.request.choice.count": 1,
        "mediasmith.job.id": made.job_id,
        "mediasmith.task.number": 0,
        "mediasmith.cost_usd": 0.05,
    }
    assert (call.kind, call.parent) == (SpanKind.CLIENT, job.context)
    of_backend = {"gen_ai.provider.name": "one"}
    assert telemetry.points() == {
        "mediasmith.jobs.running": [({"mediasmith.kind": "image"}, 0)],
        "mediasmith.jobs.ended": [({"mediasmith.kind": "image", "mediasmith.job.state": "done"}, 1)],
        "mediasmith.tasks.queued": [(of_backend, 0)],
        "mediasmith.slots.in_use": [(of_backend, 0)],
        "mediasmith.cost": [(CALL, 0.05)],
        "gen_ai.client.operation.duration": [(CALL, 1)],
    }


async def test_what_runs_and_what_waits_for_a_slot_is_counted(tmp_path: Path, telemetry: Telemetry) -> None:
    async with running_engine(tmp_path, Scripted(hang).backend(), concurrency=1) as engine:
        for seed in range(2):
            await generate(engine, PROMPT, NO_WAIT, seed=seed)
        await wait_until_idle(engine)
        points = telemetry.points()
    assert points["mediasmith.jobs.running"] == [({"mediasmith.kind": "image"}, 2)]
    assert points["mediasmith.slots.in_use"] == [({"gen_ai.provider.name": "one"}, 1)]
    assert points["mediasmith.tasks.queued"] == [({"gen_ai.provider.name": "one"}, 1)]
    assert "mediasmith.jobs.ended" not in points
    assert telemetry.points()["mediasmith.slots.in_use"] == [({"gen_ai.provider.name": "one"}, 0)]


async def test_an_error_is_traced_by_its_type_alone(tmp_path: Path, telemetry: Telemetry) -> None:
    provider = Scripted(Refused(f"{PROMPT!r} is not allowed for {KEY}"))
    backend = fake("one", keys=("ONE_KEY",), start=provider.start)
    async with running_engine(tmp_path, backend, env={"ONE_KEY": KEY}) as engine:
        with pytest.raises(Refused):
            await generate(engine, PROMPT)
    spans = telemetry.spans()
    for name, error in (("job image", "failed"), ("generate_content fake-1", "Refused")):
        assert (spans[name].attributes or {})["error.type"] == error
        assert spans[name].status.status_code is StatusCode.ERROR
    [(attributes, count)] = telemetry.points()["gen_ai.client.operation.duration"]
    assert (attributes["error.type"], count) == ("Refused", 1)
    shown = f"{[span.to_json() for span in spans.values()]} {telemetry.points()}"
    assert "red kite" not in shown
    assert KEY not in shown


async def test_what_is_collected_later_is_paid_for_once(tmp_path: Path, telemetry: Telemetry) -> None:
    provider = Scripted(accepted(), polls=[ProviderError("down"), picture(cost=0.25)])
    async with running_engine(tmp_path, provider.backend()) as engine:
        begun = await generate(engine, PROMPT, NO_WAIT)
        await wait_until_idle(engine)
    async with jumping_engine(tmp_path, provider.backend()) as engine:
        assert (await get_job(engine, begun.job_id)).status == "done"
    assert len(provider.polled) == 2
    assert telemetry.points()["mediasmith.cost"] == [(CALL, 0.25)]


def test_nothing_is_loaded_where_nobody_has_set_it_up() -> None:
    code = """
import sys
from mediasmith.runtime.telemetry import observe_job
with observe_job("j", "image") as job:
    job.state = "done"
print([name for name in sys.modules if name.startswith("opentelemetry")])
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
