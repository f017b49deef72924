"""`alerts:` of notifykit.yaml: what it may say, and what is said where it is wrong."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from notifykit.alerts.conditions import STANDARD, Kind, Route
from notifykit.config.resolve import Configuration

Complaints = Callable[..., list[str]]
Load = Callable[..., Configuration]

SENDERS = "senders: {note: {type: quiet}, mail: {type: quiet}}\n"


def project(alerts: str) -> dict[str, str]:
    return {"notifykit.yaml": SENDERS + alerts}


def test_without_alerts_there_is_what_any_project_has(load: Load) -> None:
    alerts = load(project("")).alerts
    assert (alerts.conditions, alerts.told) == (STANDARD, ())


def test_a_channel_alone_has_the_standard_ones_told(load: Load) -> None:
    alerts = load(project("alerts: {channel: note, recipient: duty}\n")).alerts
    assert [one.name for one in alerts.told] == [one.name for one in STANDARD]
    assert {one.route for one in alerts.told} == {Route(channel="note", recipient="duty")}


def test_a_condition_has_what_is_usual_of_its_kind_and_what_it_says(load: Load) -> None:
    text = """alerts:
  channel: note
  recipient: duty
  second: {channel: mail, recipient: head}
  conditions:
    rate: {when: success_rate, below: 90%, window: 2h}
    oldest_waiting: {over: 30m, recipient: desk}
    in_doubt: {over: 5}
"""
    rate, oldest, doubt, *standard = load(project(text)).alerts.conditions
    assert (rate.kind, rate.threshold, rate.window, rate.at_least) == (Kind.SUCCESS_RATE, 0.9, 7200.0, 20)
    assert (oldest.threshold, oldest.route and oldest.route.recipient) == (1800.0, "desk")
    assert oldest.route is not None
    assert oldest.route.second == Route(channel="mail", recipient="head")
    assert doubt.threshold == 5.0
    assert [one.name for one in standard] == ["dead_letters", "foreign", "paused", "unusable", "failing", "reported"]


def conditions(said: str) -> str:
    return "alerts:\n  channel: note\n  recipient: duty\n  conditions:\n    " + said + "\n"


@pytest.mark.parametrize(
    ("alerts", "what"),
    [
        (
            "alerts: {chanel: note}",
            'notifykit.yaml:2: alerts.chanel: there is no such key; did you mean "channel"?',
        ),
        (
            "alerts: {channel: nte, recipient: x}",
            'notifykit.yaml:2: alerts.channel: no sender called "nte"; did you mean "note"?',
        ),
        (
            "alerts: {channel: note}",
            "notifykit.yaml:2: alerts: names a channel or a recipient, and not both; write `channel` and `recipient`",
        ),
        (
            "alerts: {conditions: {in_doubt: {}}}",
            (
                "notifykit.yaml:2: alerts.conditions.in_doubt: is told to nobody; write `channel` and `recipient`, "
                "here or for all under `alerts`"
            ),
        ),
        (
            conditions("in_doubts: {}"),
            (
                'notifykit.yaml:6: alerts.conditions.in_doubts: there is no condition "in_doubts"; '
                'did you mean "in_doubt"?; `when` says what it is about, or its name does'
            ),
        ),
        (
            conditions("in_doubt:"),
            "notifykit.yaml:6: alerts.conditions.in_doubt: says nothing; write {} behind it for what is usual",
        ),
        (
            conditions("in_doubt: {over: 10m}"),
            "notifykit.yaml:6: alerts.conditions.in_doubt.over: must be a whole number: it counts messages or errors",
        ),
        (
            conditions("in_doubt: {below: 0.5}"),
            "notifykit.yaml:6: alerts.conditions.in_doubt.below: does not go with in_doubt; write `over`",
        ),
        (
            conditions("success_rate: {over: 3}"),
            "notifykit.yaml:6: alerts.conditions.success_rate.over: does not go with success_rate; write `below`",
        ),
        (
            conditions("paused: {over: 3}"),
            "notifykit.yaml:6: alerts.conditions.paused.over: does not go with paused; take it out",
        ),
        (
            conditions("paused: {campaigns: beijing}"),
            (
                "notifykit.yaml:6: alerts.conditions.paused.campaigns: does not go with paused, which is about no "
                "campaign; take it out"
            ),
        ),
        (
            conditions("in_doubt: {at_least: 3}"),
            "notifykit.yaml:6: alerts.conditions.in_doubt.at_least: does not go with in_doubt; take it out",
        ),
        (
            conditions("errors_logged: {window: 0}"),
            "notifykit.yaml:6: alerts.conditions.errors_logged.window: is no time at all; write a duration such as 1h",
        ),
        (
            conditions("errors_logged: {window: 30d}"),
            (
                "notifykit.yaml:6: alerts.conditions.errors_logged.window: is longer than what errors_logged counts is "
                "kept, which is 7d; write 7d or less"
            ),
        ),
        (
            conditions("in_doubt: {second: {channel: mial, recipient: x}}"),
            (
                'notifykit.yaml:6: alerts.conditions.in_doubt.second.channel: no sender called "mial"; did you mean '
                '"mail"?'
            ),
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_the_mend(complaints: Complaints, alerts: str, what: str) -> None:
    found = complaints(project(alerts))
    assert found[0] == what


@pytest.mark.parametrize(
    ("alerts", "what"),
    [
        (
            'alerts: {channel: note, recipient: ""}',
            'alerts.recipient: is "", which reaches nobody; write whom to reach',
        ),
        (
            'alerts: {channel: note, recipient: x, second: {channel: mail, recipient: " "}}',
            'alerts.second.recipient: is " ", which reaches nobody; write whom to reach',
        ),
        (
            conditions('in_doubt: {recipient: ""}'),
            'alerts.conditions.in_doubt.recipient: is "", which reaches nobody; write whom to reach',
        ),
        (
            conditions('in_doubt: {channel: ""}'),
            'alerts.conditions.in_doubt.channel: no sender called ""; there is note, mail',
        ),
        (
            "alerts: {channel: note, recipient: x, second: {channel: note, recipient: x}}",
            "alerts.second: is the very channel and recipient that it is to stand in for; name another",
        ),
        (
            conditions("success_rate: {below: 0%}"),
            "alerts.conditions.success_rate.below: is 0, and no share is below it; write one such as 0.95 or 95%",
        ),
        (
            conditions("success_rate: {below: 95}"),
            'alerts.conditions.success_rate.below: must be a share from 0 to 1, such as 0.95 or "95%", not 95',
        ),
        (
            conditions("no_pass: {over: 0}"),
            "alerts.conditions.no_pass.over: is 0, which anything is over; write a duration such as 1h",
        ),
        *(
            (
                conditions(f"{kind}: {{over: 0}}"),
                f"alerts.conditions.{kind}.over: is 0, which anything is over; write a duration such as 1h",
            )
            for kind in ("not_running", "slow_calls", "worker_gone", "old_snapshot")
        ),
    ],
)
def test_what_could_never_be_told_or_always_is_wrong(complaints: Complaints, alerts: str, what: str) -> None:
    (said,) = complaints(project(alerts + "\n"))
    assert said.partition(": ")[2] == what


def test_a_campaign_that_is_not_there_is_told(complaints: Complaints) -> None:
    (said, *_) = complaints(project(conditions("in_doubt: {campaigns: nowhere}")))
    assert said.startswith('notifykit.yaml:6: alerts.conditions.in_doubt.campaigns: no campaign is called "nowhere"')


@pytest.mark.parametrize("share", ["101%", "-0.1", "2", "much%"])
def test_a_share_is_from_none_to_all(complaints: Complaints, share: str) -> None:
    (said, *_) = complaints(project(conditions(f'success_rate: {{below: "{share}"}}')))
    assert said.startswith("notifykit.yaml:6: alerts.conditions.success_rate.below: ")
