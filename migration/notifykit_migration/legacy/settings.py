"""What `legacy:` in notifykit.yaml says: how the old program is laid out, and who sends its other messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from notifykit.config.resolve import Configuration
from notifykit.config.sections import Positive, RetrySection
from notifykit.errors import ConfigError
from notifykit.model import OnUnknown
from notifykit.options import ChannelName
from notifykit.wording.translation import gettext
from notifykit_migration.store.fence import OTHERS

NAME = "legacy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Modules:
    """The parts of an old program, and the modules in which most programs have them."""

    task_manager: str = "task_manager"
    task_scheduler: str = "task_scheduler"
    file_utils: str = "modules.file_utils"
    message_sender: str = "modules.message_sender"

    def __post_init__(self) -> None:
        """Raise ValueError where two parts are one module, or a part is none."""
        names = list(asdict(self).values())
        if not all(names):
            raise ValueError(gettext("a module without a name; leave the part out where the usual module is meant"))
        for name in names:
            if names.count(name) > 1:
                raise ValueError(gettext("{name} is named twice; each part has a module of its own", name=name))

    def by_part(self) -> Mapping[str, str]:
        """Return the modules by the part that each plays."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class LegacySettings:
    """What the migration and the shim need to know of the old program."""

    others: Literal["legacy", "notifykit"] = "legacy"
    """Who sends the tasks that other jobs put into the same table: the old scheduler, or notifykit. Never both."""
    channels: dict[str, ChannelName] = field(default_factory=dict)
    """With `others: notifykit`, and under the shim: the channel for each task type."""
    modules: Modules = field(default_factory=Modules)
    """For the shim: the program's modules, by the part that each plays."""
    on_unknown: OnUnknown = OnUnknown.HOLD
    """For the shim: what happens to a task of no campaign that may or may not have been accepted."""
    retry: RetrySection = field(default_factory=RetrySection)
    """For the shim: how such a task is tried again."""
    interval: Positive = 10.0
    """For the shim: seconds between two looks of its scheduler for work."""
    timezone: str = ""
    """The zone of the times in its task table, as `Asia/Shanghai`. Empty: that of the computer that reads them."""

    def __post_init__(self) -> None:
        """Raise ValueError where notifykit is to send what no channel is named for, and for a zone that is none."""
        if self.timezone:
            try:
                ZoneInfo(self.timezone)
            except (ZoneInfoNotFoundError, ValueError, OSError):
                raise ValueError(
                    gettext(
                        "timezone: {timezone!r} is no time zone that this computer knows; name one as Asia/Shanghai",
                        timezone=self.timezone,
                    )
                ) from None
        if self.others == "notifykit" and not self.channels:
            raise ValueError(
                gettext(
                    "channels: says nothing, so nobody would send the other programs' messages; name a sender for each "
                    "of their task types, as `channels: {send_wecom_message: my-group}`"
                )
            )


def settings_of(configuration: Configuration) -> LegacySettings:
    """Return what a project says. Raises ConfigError where its section cannot be used here."""
    for item in configuration.unavailable:
        if item.kind == "section" and item.name == NAME:
            raise ConfigError(str(item))
    found = configuration.sections.get(NAME, LegacySettings())
    assert isinstance(found, LegacySettings)  # noqa: S101 - it is built from this class
    return found


def others_of(configuration: Configuration) -> Mapping[str, str]:
    """Return the channels of other programs' tasks by task type; nothing where the old scheduler sends them.

    `legacy: {others: notifykit, channels: {send_wecom_message: a sender}}` in notifykit.yaml says so. Raises
    ConfigError.
    """
    settings = settings_of(configuration)
    if settings.others == "legacy":
        return {}
    if any(campaign.name == OTHERS for campaign in (*configuration.campaigns, *configuration.disabled)):
        raise ConfigError(
            gettext(
                'legacy.others: a campaign is called "{others}", which is the name under which the '
                "messages of other programs are kept",
                others=OTHERS,
            ),
            mend=gettext("give the campaign another name"),
            where=configuration.settings.file,
        )
    return settings.channels


def written_modules(file: object) -> Modules:
    """Return the modules that a project file names which nobody validated yet; the usual ones where it is wrong."""
    section = file.get(NAME) if isinstance(file, Mapping) else None
    written = section.get("modules") if isinstance(section, Mapping) else None
    named = written if isinstance(written, Mapping) else {}
    known = {item.name for item in fields(Modules)}
    try:
        return Modules(**{part: str(name) for part, name in named.items() if part in known and isinstance(name, str)})
    except ValueError:
        return Modules()
