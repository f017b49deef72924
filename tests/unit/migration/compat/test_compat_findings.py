from __future__ import annotations

import pytest
from notifykit_compat.errors import ShimRefusedError
from notifykit_compat.findings import Finding, Findings

FINDING = Finding(place="jobs.py:3", what="goes past it", mend="do not")


def test_each_is_told_once() -> None:
    told: list[str] = []
    findings = Findings(told.append, strict=False)
    for _ in range(3):
        findings.unsafe(FINDING)
        findings.note(FINDING)
    assert told == ["notifykit shim: jobs.py:3: goes past it; do not"]
    assert findings.all == (FINDING,)


def test_a_strict_one_refuses_what_is_unsafe_and_nothing_else() -> None:
    told: list[str] = []
    findings = Findings(told.append, strict=True)
    findings.note(FINDING)
    with pytest.raises(ShimRefusedError, match=r"jobs\.py:3: goes past it; do not \(refused because of --strict\)"):
        findings.unsafe(FINDING)
    assert len(told) == 1
