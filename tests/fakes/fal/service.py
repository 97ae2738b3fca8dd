"""What the fake of fal answers, by kind of request."""

from __future__ import annotations

from collections.abc import Mapping

from fakes.fal import catalog, queue, storage
from fakes.fal.state import FalState, Settings, sign_in, wording
from loopback.routes import Provider, Route

ROUTES: Mapping[str, Route[FalState]] = {**queue.ROUTES, **catalog.ROUTES, **storage.ROUTES}
"""Every kind of request, by the name that counts and scripts have for it."""

PROVIDER = Provider(routes=ROUTES, fresh=FalState, settings=Settings, sign_in=sign_in, wording=wording)
