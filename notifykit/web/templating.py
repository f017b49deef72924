"""The templates, and what they can say: texts in the language of the request, times, durations."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined

from notifykit.operate.lines import left_out, message_name, option_lines, told_later
from notifykit.plugins.find import own_version
from notifykit.terminal.times import duration, iso, local, relative
from notifykit.web.static_files import static
from notifykit.web.words import word
from notifykit.wording import Reason
from notifykit.wording.translation import gettext, ngettext, pgettext

__all__ = ["TEMPLATES"]


def _templates() -> Environment:
    found = Environment(
        loader=PackageLoader("notifykit.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # Not Jinja2's own i18n: values are put in as everywhere else here, `{name}`, and escaped as one text.
    found.globals |= {
        "gettext": gettext,
        "ngettext": ngettext,
        "pgettext": pgettext,
        "static": static,
        "version": own_version(),
    }
    found.filters |= {
        "duration": duration,
        "iso": iso,
        "left_out": left_out,
        "local": local,
        "message_name": message_name,
        "number": "{:,}".format,
        "option_lines": option_lines,
        "reason": Reason,
        "relative": relative,
        "told_later": told_later,
        "word": word,
    }
    return found


TEMPLATES = _templates()
