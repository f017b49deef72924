"""Asks the services of channels whether they would take a message, without one."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from notifykit.campaign.campaign import Channel
from notifykit.errors import NotifykitError, pass_interrupt
from notifykit.roles import Probe, Prober
from notifykit.wording.translation import gettext

AT_ONCE = 8
"""Services that are asked at a time."""


def probed(channels: Mapping[str, Channel], timeout: float) -> dict[str, Probe]:
    """Return what the service of each channel says, by name; each is asked within `timeout` seconds."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = pool.map(lambda channel: _asked(channel, timeout), channels.values())
        return dict(zip(channels, answers, strict=True))


def _asked(channel: Channel, timeout: float) -> Probe:
    sender = channel.sender
    if not isinstance(sender, Prober):
        return Probe.not_asked(gettext("senders of the type {type} offer no way", type=channel.type))
    try:
        channel.opening.require(sender)
    except NotifykitError as error:
        return Probe.bad(str(error))
    except BaseException as error:  # noqa: BLE001 - likewise
        pass_interrupt(error)
        return Probe.bad(gettext("{kind}: the sender cannot be opened", kind=type(error).__name__))
    try:
        answer = sender.probe(timeout)
    except NotifykitError as error:
        return Probe.bad(str(error))
    except BaseException as error:  # noqa: BLE001 - third-party code may raise anything
        pass_interrupt(error)
        return Probe.bad(
            gettext(
                "{kind} in its probe; this is a defect: report it to the plugin's author", kind=type(error).__name__
            )
        )
    if isinstance(answer, Probe):
        return answer
    return Probe.bad(
        gettext(
            "its probe returned a {kind}; this is a defect: report it to the plugin's author",
            kind=type(answer).__name__,
        )
    )
