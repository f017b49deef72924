"""`notifykit docs`."""

from __future__ import annotations

import click

from notifykit.cli.manual import LANGUAGES, Language, Page, find, folder, pages
from notifykit.cli.sections import example
from notifykit.errors import ExitCode, NotifykitError
from notifykit.session import Session
from notifykit.terminal.console import info, json_option, out, print_json
from notifykit.terminal.stdout import writing
from notifykit.terminal.tables import print_table
from notifykit.wording.translation import gettext


def _complete(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    try:
        return [name for name in pages() if name.startswith(begun)]
    except NotifykitError:
        return []


@click.command(epilog=example("notifykit docs", "notifykit docs csv", "notifykit docs migration --lang zh"))
@click.argument("name", metavar="[PAGE]", required=False, shell_complete=_complete)
@click.option(
    "--lang",
    "language",
    type=click.Choice(LANGUAGES),
    help="The page's language.  [default: that of `notifykit --lang`]",
)
@click.option("--path", is_flag=True, help="Print where the page is, or the folder of all pages.")
@json_option
@click.pass_obj
def docs(session: Session, name: str | None, language: Language | None, path: bool, as_json: bool) -> ExitCode:
    """Show a page of the manual; without PAGE, list them.

    A page is shown in a pager on a terminal, and printed as it is in a pipe. One that is not there in the language
    is shown in English.
    """
    language = language or ("zh" if session.language == "zh" else "en")
    if name is not None:
        _show(find(name), language, path=path, as_json=as_json)
    elif as_json:
        print_json({"pages": [_form(page, page.language(language)) for page in pages().values()]})
    elif path:
        out(str(folder()))
    else:
        rows = [(page.name, page.title(page.language(language)), ", ".join(page.files)) for page in pages().values()]
        print_table(("page", "title", "languages"), rows)
    return ExitCode.DONE


def _show(page: Page, wanted: Language, *, path: bool, as_json: bool) -> None:
    language = page.language(wanted)
    if as_json:
        print_json({"page": _form(page, language), "text": page.text(language)})
        return
    if language != wanted:
        info(gettext('the page "{page}" is there in English only', page=page.name))
    if path:
        out(str(page.files[language]))
    else:
        with writing():
            click.echo_via_pager(page.text(language))


def _form(page: Page, language: Language) -> dict[str, object]:
    return {
        "name": page.name,
        "title": page.title(language),
        "language": language,
        "languages": list(page.files),
        "file": str(page.files[language]),
    }
