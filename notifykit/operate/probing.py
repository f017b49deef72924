"""Asks services, sources, strategies and keepers of secrets whether they are there, without a message."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from notifykit.campaign.campaign import Channel
from notifykit.errors import NotifykitError, pass_interrupt
from notifykit.pipeline.project import Project
from notifykit.roles import ChecksOnline, OnlineContext, Probe, Prober
from notifykit.wording.translation import gettext

AT_ONCE = 8
"""How many are asked at a time."""

Asking = Callable[[], object]


def probed(project: Project) -> list[tuple[str, Probe]]:
    """Return what each says, by what it is: every channel, and whatever else has `check_online`.

    Each is asked within `dispatch.timeout` seconds.
    """
    configuration = project.configuration
    timeout = configuration.settings.dispatch.timeout
    context = OnlineContext(timeout=timeout, clock=project.clock, folder=project.file.folder)
    asked = [
        (gettext("channel {name}", name=name), _of_channel(channel, context))
        for name, channel in configuration.channels.items()
    ]
    for about, asker in _others(project):
        if isinstance(asker, ChecksOnline):
            asked.append((about, _call(asker, context)))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = pool.map(_answer, [asking for _, asking in asked])
        return [(about, answer) for (about, _), answer in zip(asked, answers, strict=True)]


def _others(project: Project) -> Iterator[tuple[str, object]]:
    for campaign in project.configuration.campaigns:
        yield gettext("source of {campaign}", campaign=campaign.name), campaign.source
        yield gettext("strategy of {campaign}", campaign=campaign.name), campaign.strategy
    for secret in project.configuration.secrets:
        yield gettext("secret of {kind}", kind=secret.kind), secret.holder


def _call(asker: ChecksOnline, context: OnlineContext) -> Asking:
    return lambda: asker.check_online(context)


def _of_channel(channel: Channel, context: OnlineContext) -> Asking:
    sender = channel.sender
    if not isinstance(sender, ChecksOnline | Prober):
        return lambda: Probe.not_asked(gettext("senders of the type {type} offer no way", type=channel.type))

    def ask() -> object:
        try:
            channel.opening.require(sender)
        except NotifykitError:
            raise
        except BaseException as error:  # noqa: BLE001 - third-party code may raise anything
            pass_interrupt(error)
            return Probe.bad(gettext("{kind}: the sender cannot be opened", kind=type(error).__name__))
        return sender.check_online(context) if isinstance(sender, ChecksOnline) else sender.probe(context.timeout)

    return ask


def _answer(asking: Asking) -> Probe:
    try:
        answer = asking()
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
