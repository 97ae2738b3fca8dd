"""The requests of the Interactions API, as scripts and counts name them. The API itself takes seconds to import."""

from __future__ import annotations

CREATE, GET = "POST /v1/interactions", "GET /v1/interactions/{id}"
CANCEL = "POST /v1/interactions/{id}/cancel"
