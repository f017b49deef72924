"""The group robot, without a network: options, limits, mentions, errcodes."""

from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from notifykit_wecom.errcodes import ERRCODES, outcome_of
from notifykit_wecom.robot import WecomRobot
from notifykit_wecom.robot_options import RobotOptions

from notifykit.model import FOREVER, Outcome, Verdict
from notifykit.roles import Rate, Sender
from notifykit.secrets import Secret
from notifykit.testing import message, send_context

NOWHERE = "http://127.0.0.1:1/send"
ACCEPTED, REJECTED, RETRY = Verdict.ACCEPTED, Verdict.REJECTED, Verdict.RETRY


def robot(**options: Any) -> WecomRobot:
    usual: dict[str, Any] = {"key": Secret("0a1b2c3d-key"), "base_url": NOWHERE}
    return WecomRobot(**usual | options)


def test_facts() -> None:
    assert isinstance(robot(), Sender)
    assert robot().limits == (Rate(20, 60),)
    assert robot().repeatable is False
    assert WecomRobot(key=Secret("0a1b2c3d-key")).base_url == "https://qyapi.weixin.qq.com/cgi-bin/webhook/send"


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        ({"base_url": "qyapi.weixin.qq.com"}, "base_url: must start with http"),
        ({"base_url": NOWHERE + "?key=1"}, "base_url: has a query"),
        (
            {"key": Secret(NOWHERE + "?key=hidden-1")},
            "key: is too much of an address; give only what stands behind key=",
        ),
        ({"key": Secret("key=hidden-1")}, "key: is too much of an address"),
        ({"msgtype": "markdown", "mentioned_list": ["@all"]}, "msgtype: markdown takes no mentioned_list"),
        ({"msgtype": "markdown_v2", "mentioned_mobile_list": ["13800001111"]}, "msgtype: markdown_v2 takes no"),
        ({"proxy": "socks5://127.0.0.1"}, "proxy: must start with http"),
        ({"throttle_pause": 0.0}, "throttle_pause: must be more than 0 seconds"),
    ],
)
def test_options_that_do_not_fit(options: dict[str, Any], wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong) as raised:
        robot(**options)
    assert "hidden" not in str(raised.value)


def test_a_key_that_is_not_set_yet_is_no_defect() -> None:
    robot(key=Secret(None))


# the size -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("msgtype", "limit"), [("text", 2048), ("markdown", 4096), ("markdown_v2", 4096)])
@pytest.mark.parametrize("char", ["a", "工", "🎉"])
def test_a_text_of_just_the_limit_is_tried_and_one_byte_more_is_not(msgtype: str, limit: int, char: str) -> None:
    sender = robot(msgtype=msgtype)
    assert sender.max_bytes == limit
    fits = char * (limit // len(char.encode()))
    fits += "a" * (limit - len(fits.encode()))
    assert sender.send(message(text=fits), send_context()).code == "ConnectError"
    outcome = sender.send(message(text=fits + "a"), send_context())
    assert (outcome.verdict, outcome.code) == (REJECTED, "40058")
    assert f"{limit + 1} bytes" in outcome.detail


def test_text_that_is_not_unicode_is_rejected() -> None:
    outcome = robot().send(message(text="\ud800"), send_context())
    assert (outcome.verdict, outcome.code) == (REJECTED, "UnicodeEncodeError")


# mentions -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "escaped"),
    [
        ("张三", "张三"),
        ("<@all>", "<\u200b@all>"),
        ("a<@all>b<@li.si>", "a<\u200b@all>b<\u200b@li.si>"),
        ("<<@@all>", "<<\u200b@@all>"),
        ("@all>", "\u200b@all>"),
        ("5 <", "5 <\u200b"),
        ("@<", "\u200b@<\u200b"),
        ("li.si@example.com", "li.si@example.com"),
        ("", ""),
    ],
)
def test_mentions_in_record_data_are_broken(value: str, escaped: str) -> None:
    assert robot().escape(value) == escaped
    assert robot().escapes["text"](value) == escaped  # type: ignore[misc]


ODD = st.text(st.sampled_from("<@>a工 \u200b"))


@given(st.lists(ODD, min_size=1), ODD.filter(lambda text: "<@" not in text))
def test_no_mention_arises_however_values_meet(values: list[str], between: str) -> None:
    sender = robot()
    text = between.join(["<", *map(sender.escape, values), "@all>"])
    # What the template makes around empty values is the template's own business.
    template = between.join(["<", *("" for _ in values), "@all>"])
    assert text.count("<@") <= template.count("<@")


@given(ODD)
def test_the_visible_text_stays(value: str) -> None:
    assert robot().escape(value).replace("\u200b", "") == value.replace("\u200b", "")


@pytest.mark.parametrize("msgtype", ["markdown", "markdown_v2"])
def test_record_data_is_plain_in_markdown(msgtype: str) -> None:
    for escape in (robot(msgtype=msgtype).escape, robot().escapes[msgtype]):
        assert escape is not None
        assert escape("<@all> [x](https://evil.example)") == "<\u200b@all> [x]\u200b(https://evil.example)"


@pytest.mark.parametrize(
    ("value", "escaped"), [("@all", "all"), (" @ALL", "ALL"), ("li.si", "li.si"), ("a@all", "a@all")]
)
def test_a_cell_calls_up_nobody_but_whom_it_names(value: str, escaped: str) -> None:
    (fact,) = (one.metadata["escape"] for one in fields(RobotOptions) if one.name == "mentions")
    assert fact(value) == escaped


# errcodes -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("errcode", "verdict", "after", "pause", "max_tries"),
    [
        (0, ACCEPTED, None, None, None),
        (-1, RETRY, 5, None, 3),
        (45009, RETRY, 60, 60, None),
        (45033, RETRY, 3, None, None),
        (93000, REJECTED, None, FOREVER, None),
        (93004, REJECTED, None, FOREVER, None),
        (93008, REJECTED, None, FOREVER, None),
        (40008, REJECTED, None, None, None),
        (40033, REJECTED, None, None, None),
        (40035, REJECTED, None, None, None),
        (40058, REJECTED, None, None, None),
        (40063, REJECTED, None, None, None),
        (44004, REJECTED, None, None, None),
        (45002, REJECTED, None, None, None),
        (45008, REJECTED, None, None, None),
        (40007, REJECTED, None, None, None),
        (41006, REJECTED, None, None, None),
        (1, REJECTED, None, None, None),
        (-2, REJECTED, None, None, None),
        (301002, REJECTED, None, None, None),
    ],
)
def test_errcodes(
    errcode: int, verdict: Verdict, after: float | None, pause: float | None, max_tries: int | None
) -> None:
    outcome = outcome_of(errcode)
    code = "" if errcode == 0 else str(errcode)
    assert replace(outcome, detail="") == Outcome(verdict, code, after=after, pause=pause, max_tries=max_tries)
    assert (outcome.detail == "") == (errcode == 0)


def test_every_code_of_the_table_is_under_its_own_number() -> None:
    assert {number: outcome.code or "0" for number, outcome in ERRCODES.items()} == {
        number: str(number) for number in ERRCODES
    }


@given(st.integers().filter(lambda number: number not in ERRCODES))
def test_what_nobody_classified_is_a_refusal(number: int) -> None:
    assert outcome_of(number).verdict is REJECTED
