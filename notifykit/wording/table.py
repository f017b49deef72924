"""All sentences by their codes: what is stored is put into words here, and old texts are recognised."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import StrEnum
from functools import cached_property, lru_cache

from notifykit.wording.reason import Param, Reason
from notifykit.wording.sentence import Pattern, Sentence, filled
from notifykit.wording.translation import gettext, spoken


class Language(StrEnum):
    """What the sentences are written in."""

    ENGLISH = "en"
    CHINESE = "zh"


class Wording:
    """The sentences of the host and of the plugins that are there. Raises ValueError where two have one code."""

    def __init__(self, sentences: Iterable[Sentence]) -> None:
        self._by_code: dict[str, Sentence] = {}
        for sentence in sentences:
            if self._by_code.setdefault(sentence.code, sentence) is not sentence:
                raise ValueError(gettext("two sentences have the code {code}", code=sentence.code))
        self._recognised = lru_cache(maxsize=4096)(self._recognise)

    @property
    def codes(self) -> Collection[str]:
        """Every code that there is a sentence for."""
        return self._by_code.keys()

    def say(self, reason: Reason, language: Language) -> str:
        """Put a reason into words.

        What is not known (a code of a newer version, or of a plugin that is not there) has its stored text. What a
        sender said under a service's code is said by its sentence, where it is one.
        """
        if language is Language.ENGLISH:
            return reason.text
        sentence = self._by_code.get(reason.code or "")
        if sentence is None:
            return self._of_sender(reason, language)
        params = {name: self._said(value, language) for name, value in reason.params.items()}
        try:
            return filled(sentence.chinese, params)
        except (ValueError, TypeError, KeyError):  # parameters as another version wrote them
            return reason.text

    def said(self, reason: Reason) -> str:
        """Put a reason into words, in the language that is spoken (`notifykit.wording.translation`)."""
        return self.say(reason, Language(spoken()))

    def _of_sender(self, reason: Reason, language: Language) -> str:
        code, _, detail = reason.text.partition(f"{reason.code} ")
        if reason.code is None or code or (found := self._recognised(detail)).code is None:
            return reason.text
        return f"{reason.code} {self.say(found, language)}"

    def _said(self, value: Param, language: Language) -> Param:
        if isinstance(value, str) and " " in value:
            return gettext(value)  # a whole text of ours, which was kept in English
        return Reason(self.say(value, language)) if isinstance(value, Reason) else value

    def common(self, one: Reason, other: Reason) -> Reason:
        """Return what two reasons of one `kind` have in common: parameters that differ are None."""
        if one == other:
            return one
        if (sentence := self._by_code.get(one.code or "")) is None:
            return Reason(one.code, one.code) if one.code else one
        both = zip(one.names, one.values, other.values, strict=True)
        return sentence(**{name: self._shared(mine, theirs) for name, mine, theirs in both})

    def _shared(self, one: Param, other: Param) -> Param:
        if isinstance(one, Reason) and isinstance(other, Reason):
            return self.common(one, other)
        return one if one == other else None

    def bare(self, reason: Reason) -> Reason:
        """Return a reason without anything particular: its code and those of its causes, all other parameters None."""
        known = self.known(reason)
        if (sentence := self._by_code.get(known.code or "")) is None:
            return Reason(known.code, known.code) if known.code else Reason("…")
        params = known.params.items()
        return sentence(**{name: self.bare(value) if isinstance(value, Reason) else None for name, value in params})

    def agrees(self, reason: Reason) -> bool:
        """Whether a reason's text is what its code and parameters say; nobody knows where the code is not known."""
        sentence = self._by_code.get(reason.code or "")
        if sentence is None:
            return True
        try:
            return sentence(**reason.params).text == reason.text
        except (ValueError, TypeError):
            return False

    def known(self, reason: Reason) -> Reason:
        """Return a reason as its sentence makes it: with its code, also where an earlier version stored only a text.

        The text is what counts: a known code that does not say it was left by something that wrote the text alone.
        """
        if reason.code is None:
            return self._recognised(reason.text)
        sentence = self._by_code.get(reason.code)
        if sentence is None or sentence.names is reason.names:
            return reason
        if not self.agrees(reason):
            return self._recognised(reason.text)
        params = reason.params
        values = [self.known(value) if isinstance(value := params[name], Reason) else value for name in sentence.names]
        return Reason(reason.text, sentence.code, sentence.names, tuple(values))

    def _recognise(self, text: str) -> Reason:
        for sentence, pattern in self._patterns:
            if text.startswith(pattern.start) and (found := pattern.match.fullmatch(text)):
                params = {name: read(found[name]) for name, read in pattern.read.items()}
                causes = {name: self.known(value) for name, value in params.items() if isinstance(value, Reason)}
                values = {**params, **causes}
                return Reason(text, sentence.code, sentence.names, tuple(values[name] for name in sentence.names))
        return Reason(text)

    @cached_property
    def _patterns(self) -> list[tuple[Sentence, Pattern]]:
        """Every pattern, the most particular first."""
        found = [(sentence, pattern) for sentence in self._by_code.values() for pattern in sentence.patterns]
        return sorted(found, key=lambda item: -item[1].literal)
