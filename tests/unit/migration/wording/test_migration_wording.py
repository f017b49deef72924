"""Every reason of a migration: in both languages, under codes that stay, and recognised by an older text."""

from __future__ import annotations

import re
from itertools import product

import pytest
from notifykit_migration.model import FlagState, RowState, StatusFileState
from notifykit_migration.plan.decision_table import crash_of
from notifykit_migration.wording import SENTENCES, WORDING
from notifykit_migration.wording.acceptance import POINTS
from notifykit_migration.wording.accidents import ACCIDENTS
from notifykit_migration.wording.advice import ADVICE
from notifykit_migration.wording.checks import CHECK_WORDING, CHECKS, ONLY_FLAGS_DIFFER
from notifykit_migration.wording.fit import FIT
from notifykit_migration.wording.queue_nothing import QUEUE_NOTHING

from notifykit.wording import Language, Param, Reason

CHINESE = re.compile(r"[\u4e00-\u9fff]")


def test_every_sentence_is_in_both_languages_with_the_same_parameters() -> None:
    for sentence in SENTENCES:
        assert re.fullmatch("[a-z]+(_[a-z]+)*", sentence.code)
        assert not CHINESE.search(sentence.english)
        assert sentence.names == () or all(f"{{{name}" in sentence.chinese for name in sentence.names), sentence.code
        assert CHINESE.search(sentence.chinese) or sentence.code == "unusable_row"


def test_every_check_has_a_name_in_both_languages() -> None:
    for sentence in CHECKS:
        assert CHINESE.search(sentence.chinese)
        assert not CHINESE.search(sentence.english)
    reason = ONLY_FLAGS_DIFFER(file="a.csv")
    assert CHECK_WORDING.say(reason, Language.CHINESE) == "a.csv 只有标记不同"


def test_every_accident_explains_a_state() -> None:
    found = {accident for state in product(StatusFileState, RowState, FlagState) if (accident := crash_of(*state))}
    assert {accident.code for accident in found} == {sentence.code for sentence in ACCIDENTS}


AHEAD = (
    "the newest row of the task table is of 2025-08-01, which is 8.0 hours ahead of this computer's clock; say in "
    "notifykit.yaml in which zone the old program ran: legacy: timezone: Asia/Shanghai, for one"
)

BEFORE: list[tuple[str, str, dict[str, Param]]] = [
    ("historic: file and flag say sent, and there is no row for it any more", "historic", {}),
    (
        "the send-status file says sent, but there is no row: purged, or a text that does not match",
        "sent_without_row",
        {},
    ),
    ("the flag says sent, and nothing else knows of it: set by hand, or all lost", "flag_alone", {}),
    ("the send-status file says something else than sent, and there is no row for it", "other_word", {}),
    ("its flag says neither sent nor unsent, and there is no row for it", "other_flag", {}),
    ("the send-status file knows it, its CSV row is gone, and there is no row for it", "csv_row_gone", {}),
    ("there are rows for this contract, but none for this message", "message_missing", {}),
    ("another message of this contract failed", "other_failed", {}),
    ("no row, but rows were deleted from the table: it may have been sent", "rows_deleted", {}),
    ("tried and not completed: a row of a type whose turn comes later was completed", "tried_before_later_type", {}),
    (
        AHEAD,
        "times_ahead",
        {"time": "2025-08-01", "hours": 8.0},
    ),
    ("row 7 says 'failed'", "odd_status", {"row": 7, "status": "failed"}),
    ("pending, but its CSV row is gone", "pending_csv_row_gone", {}),
    ("pending, but its flag says neither sent nor unsent", "pending_other_flag", {}),
    ("pending since 2025-08-01 09:30:00: older than 7 days", "stale", {"since": "2025-08-01 09:30:00", "days": 7.0}),
    ("pending since 2025-08-01: older than 0.5 days", "stale", {"since": "2025-08-01", "days": 0.5}),
    ("its time '1.8.' cannot be read", "unreadable_time", {"time": "1.8."}),
    ("tried and not completed: row 77, which came later, was completed", "tried_not_completed", {"row": 77}),
    ("rows that came later were completed before it was made; the clock was set back", "clock_set_back", {}),
    (
        "the first row that was not completed: it may have been in flight when it stopped",
        "perhaps_in_flight",
        {},
    ),
    ("the log says that it was completed, the table says pending", "log_completed", {}),
    ("the log says that it was tried and raised", "log_raised", {}),
    ("the log says that it was begun, and not how it ended", "log_begun", {}),
    ("row 12 names 3 contracts", "several_contracts", {"row": 12, "contracts": 3}),
    (
        'row 12 names it, to the unknown recipient "李\'s 群" or kind',
        "unknown_recipient",
        {"row": 12, "recipient": "李's 群"},
    ),
    ("row 12 may be of 2 contracts with the same number", "same_number", {"row": 12, "contracts": 2}),
    ("row 12 may be any of its messages group, award", "any_message", {"row": 12, "messages": "group, award"}),
    ("its number '——' has neither letter nor digit: no row can be matched to it", "unusable_number", {"number": "——"}),
    ("its 合同编号 is empty: no row can be matched to it", "no_number", {"column": "合同编号"}),
    ("its key stands in the lines 3 and 9 with different numbers", "key_twice", {"first": 3, "second": 9}),
    (
        "the job stopped before it made this one; its text cannot be made: a.yaml:3: `x` is undefined; correct it",
        "no_text",
        {
            "cause": Reason("the job stopped before it made this one", "stopped_before"),
            "error": "a.yaml:3: `x` is undefined; correct it",
        },
    ),
    (
        "the job stopped before it made this one; its text has 3000 bytes, channel `robot` takes 2048",
        "too_long",
        {
            "cause": Reason("the job stopped before it made this one", "stopped_before"),
            "bytes": 3000,
            "channel": "robot",
            "limit": 2048,
        },
    ),
    (
        "in_doubt before the rollback: row 7 says 'x'",
        "before_rollback",
        {"status": "in_doubt", "cause": Reason("row 7 says 'x'", "odd_status", ("row", "status"), (7, "x"))},
    ),
    (
        "failed before the rollback: 40058 too long",
        "before_rollback",
        {"status": "failed", "cause": Reason("40058 too long")},
    ),
    (
        "failed before the rollback: no reason was recorded",
        "before_rollback",
        {"status": "failed", "cause": Reason("no reason was recorded", "unrecorded")},
    ),
    ("the outbox has it already", "owned", {}),
    ("row 7 is completed", "row_completed", {"row": 7}),
    ("the outbox has this message already", "twin_of_owned", {}),
    ("row 7 with the same text was completed", "twin_of_completed", {"row": 7}),
    ("row 7 has the same text", "twin", {"row": 7}),
    ("historic: file and flag say sent, its row is gone; assumed sent", "historic_assumed", {}),
    ("nothing was done about it yet", "not_begun", {}),
    ("the job stopped before it made this one", "stopped_before", {}),
    ("never tried: its id is above 90, the last that was completed", "never_tried", {"row": 90}),
    ("the log does not say that it was ever tried", "not_in_log", {}),
    ("the row was removed from the CSV file, or lost when it was rewritten", "csv_row_lost", {}),
    ("a program that knows the status `failed` wrote here", "foreign_status", {}),
    ("killed between making the task and writing the send-status file", "killed_after_task", {}),
    ("killed before the send-status file was written; the row was sent later", "killed_before_file", {}),
    ("killed before the send-status file was written, and run again", "killed_and_run_again", {}),
    ("the flag was set by hand, or the send-status file was lost", "flag_by_hand", {}),
    ("the send-status file was lost or reset", "file_lost", {}),
    ("killed before the CSV file was rewritten at the end of the loop", "killed_before_csv", {}),
    ("killed before the CSV file was rewritten, or the file was exported again", "killed_or_exported", {}),
    ("the task table was purged, or the file was exported again", "purged_or_exported", {}),
    ("the task table was purged since", "purged_since", {}),
    (
        "beijing: state/send.json is torn: 41 keys can be read; the others are judged by their rows",
        "file_torn",
        {"campaign": "beijing", "file": "state/send.json", "keys": 41},
    ),
    (
        "beijing: a.csv is open in a spreadsheet program (~$a.csv is beside it); close it before you migrate",
        "open_elsewhere",
        {"campaign": "beijing", "file": "a.csv", "lock": "~$a.csv"},
    ),
    (
        "beijing: 10 more rows of its CSV file cannot be used",
        "unusable_rows",
        {"campaign": "beijing", "rows": 10},
    ),
    (
        "the task table was purged (1 of 4 rows are gone from the table): what has no row is held, not generated",
        "purged",
        {"cause": Reason("1 of 4 rows are gone from the table", "rows_gone", ("gone", "given"), (1, 4))},
    ),
    (
        (
            "the task table was purged (1 of 4 rows are gone from the table, the first has id 2): "
            "what has no row is held, not generated"
        ),
        "purged",
        {
            "cause": Reason(
                "1 of 4 rows are gone from the table, the first has id 2",
                "first_rows_gone",
                ("gone", "given", "lowest"),
                (1, 4, 2),
            )
        },
    ),
    ("1 of 4 rows are gone from the table", "rows_gone", {"gone": 1, "given": 4}),
    (
        "1 of 4 rows are gone from the table, the first has id 2",
        "first_rows_gone",
        {"gone": 1, "given": 4, "lowest": 2},
    ),
    ("there is no task table, though the send-status file knows contracts", "no_table", {}),
    ("it never had a row, though the send-status file knows contracts", "no_row_ever", {}),
    (
        "none of the 12 contracts that the send-status file calls sent has a row in it",
        "words_without_rows",
        {"contracts": 12},
    ),
    (
        (
            "4 rows after row 90 are taken as never tried, by their ids alone; if sends failed one after another just "
            "before the old program ended, give its log with --log"
        ),
        "taken_as_never_tried",
        {"rows": 4, "row": 90},
    ),
    (
        (
            "3 pending rows belong to no contract: they are left exactly as they are, and the old scheduler would send "
            "them at its next start"
        ),
        "orphans",
        {"rows": 3},
    ),
    (
        (
            "other jobs make send_wecom_message rows to 测试群, too: from the migration on, the fence refuses them; "
            "give those jobs another recipient, or run them under `notifykit shim`"
        ),
        "shared_recipient",
        {"kind": "send_wecom_message", "recipient": "测试群"},
    ),
    ("completed by the old program", "completed_by_old_program", {}),
    ("it was being sent when its worker stopped: nobody knows whether it arrived", "being_sent", {}),
    (
        "an earlier attempt may have been accepted; the old program would send it again",
        "perhaps_accepted",
        {},
    ),
    (
        "an earlier attempt may have been accepted (ReadTimeout); the old program would send it again",
        "perhaps_accepted_code",
        {"result": "ReadTimeout"},
    ),
    (
        "it was queued again, and then an earlier attempt turned out to have been accepted",
        "accepted_later",
        {},
    ),
    (
        "the old scheduler does not know the task type 'sms': it would mark it completed without sending it",
        "unknown_type",
        {"task_type": "sms"},
    ),
    ("it is failed, and no reason was recorded", "unexplained", {"status": "failed"}),
    (
        "the migration made a task of it, which is gone: nobody knows what came of it",
        "task_gone",
        {},
    ),
    ("no reason was recorded", "unrecorded", {}),
]
"""What the version before codes wrote into plans, archives and stores: text, code, parameters."""

NOT_STORED = {
    "busy",
    "code_changed",
    "file_was_torn",
    "old_will_send",
    "still_patched",
    "unknown_campaign",
    *(sentence.code for sentence in QUEUE_NOTHING),
}
"""What is shown, and written nowhere."""

LATER = {sentence.code for sentence in (*FIT, *POINTS, *ADVICE)} | {"sent_before_rollback"}
"""What that version did not say."""

NOT_TOLD_APART = {"unusable_row", "not_told"}
"""These had no words of their own."""


@pytest.mark.parametrize(("text", "code", "params"), BEFORE)
def test_an_older_text_is_recognised(text: str, code: str, params: dict[str, Param]) -> None:
    assert WORDING.known(Reason(text)) == Reason(text, code, tuple(params), tuple(params.values()))


def test_every_older_text_is_looked_at() -> None:
    known = {sentence.code for sentence in SENTENCES}
    assert {code for _, code, _ in BEFORE} == known - NOT_STORED - NOT_TOLD_APART - LATER


def test_what_a_person_or_a_service_said_is_not_recognised() -> None:
    for text in ("deleted by mistake", "40058 invalid message", "ReadTimeout", "out of attempts", "row 7"):
        assert WORDING.known(Reason(text)) == Reason(text)
