from __future__ import annotations

import pytest
from notifykit_compat.settings import MODULES, read_modules, read_settings

from notifykit.errors import ConfigError
from notifykit.model import OnUnknown

KNOWN = {"group-desktop": object(), "person-desktop": object()}


def test_a_project_that_says_nothing_means_the_usual() -> None:
    settings = read_settings("notifykit.yaml", {}, KNOWN)
    assert settings.modules == MODULES
    assert settings.channels == {}
    assert (settings.on_unknown, settings.interval, settings.retry.attempts) == (OnUnknown.HOLD, 10.0, 8)


def test_everything_can_be_said() -> None:
    section = {
        "modules": {"file_utils": "lib.files"},
        "channels": {"send_wecom_message": "group-desktop"},
        "on_unknown": "assume_sent",
        "retry": {"attempts": 3, "first": 0.5},
        "interval": 2,
    }
    settings = read_settings("notifykit.yaml", section, KNOWN)
    assert settings.modules == {**MODULES, "file_utils": "lib.files"}
    assert settings.channels == {"send_wecom_message": "group-desktop"}
    assert settings.on_unknown is OnUnknown.ASSUME_SENT
    assert (settings.retry.attempts, settings.retry.first, settings.interval) == (3, 0.5, 2)


@pytest.mark.parametrize(
    ("section", "told"),
    [
        ({"modules": {"file_util": "x"}}, 'legacy.modules: there is no part "file_util"; did you mean "file_utils"?'),
        ({"modules": ["x"]}, "legacy.modules: must be a mapping of names to names, not ['x']"),
        ({"modules": {"file_utils": "task_manager"}}, "legacy.modules: task_manager is named twice"),
        ({"channels": {"send_wecom_message": 7}}, "legacy.channels: must be a mapping"),
        ({"channels": {"send_wecom_message": "group-desk"}}, 'no sender called "group-desk"; did you mean'),
        ({"on_unknown": "guess"}, "legacy.on_unknown is 'guess'; write one of hold, resend, assume_sent"),
        ({"retry": {"tries": 3}}, "legacy.retry: may hold attempts, first, factor, cap, jitter"),
        ({"retry": {"first": "soon"}}, "legacy.retry.first is 'soon'; write a number"),
        ({"interval": -1}, "legacy.interval is -1; write a number"),
    ],
)
def test_mistakes_are_told(section: dict[str, object], told: str) -> None:
    with pytest.raises(ConfigError) as error:
        read_settings("notifykit.yaml", section, KNOWN)
    assert str(error.value).startswith("notifykit.yaml: ")
    assert told in str(error.value)


def test_module_names_are_read_before_the_senders_are() -> None:
    assert read_modules("notifykit.yaml", {"modules": {"task_manager": "queue"}})["task_manager"] == "queue"
