"""The list of conformance checks that do not apply to this server."""

from __future__ import annotations

import pytest

from conformance import EXPECTED_FAILURES, REVISIONS

pytestmark = pytest.mark.npm


@pytest.mark.parametrize("revision", REVISIONS)
def test_every_expected_failure_has_a_reason(revision: str) -> None:
    lines = (EXPECTED_FAILURES / f"{revision}.yml").read_text(encoding="utf-8").splitlines()
    entries = [line for line in lines if line.startswith("  - ")]
    assert entries
    assert [line for line in entries if "  # " not in line] == []
