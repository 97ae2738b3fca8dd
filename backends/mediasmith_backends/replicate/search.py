"""Find models among the thousands at Replicate, by a text."""

from __future__ import annotations

from collections.abc import Sequence

from anyio import to_thread

from mediasmith.plugin.contract import FoundModel
from mediasmith.plugin.http_answers import Answer, Lenient, read_answer
from mediasmith.plugin.kinds import Kind
from mediasmith_backends.replicate.client import Client
from mediasmith_backends.replicate.errors import TITLE
from mediasmith_backends.replicate.model_schema import ListedModel


class _Found(Answer):
    results: tuple[Lenient[ListedModel], ...]


async def search(client: Client, kind: Kind | None, query: str) -> Sequence[FoundModel]:
    """Return the public models that match a text and may make this kind, in Replicate's order."""
    headers = {"content-type": "text/plain"}
    response = await client.request("QUERY", "/models", content=query.encode(), headers=headers)
    found = await to_thread.run_sync(read_answer, response.content, _Found, TITLE)
    able = [(model, model.kinds) for model in found.results if model and model.kinds]
    return [
        FoundModel(id=f"{model.owner}/{model.name}", kind=kind or kinds[0], title=_one_line(model.description or ""))
        for model, kinds in able
        if kind in {None, *kinds}
    ]


def _one_line(text: str) -> str:
    return " ".join(text.split())
