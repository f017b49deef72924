"""Puts the files of a tree together: whose status file each use is of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from notifykit.wording import Reason
from notifykit_inventory import wording
from notifykit_inventory.facts import (
    CallFact,
    Evidence,
    FileFacts,
    FunctionFact,
    FunctionKey,
    Parameter,
    RawUse,
)
from notifykit_inventory.model import Access, Owner, Use, UseKind
from notifykit_inventory.words import FUNCTIONS, StatusFiles, agreed, owner_of_constant, owner_of_path

Verdict = tuple[Owner, Reason]


class Ownership:
    """The facts of all files, and what follows from them."""

    def __init__(self, facts: Iterable[FileFacts], files: StatusFiles) -> None:
        self.files = files
        self.raw_uses: list[RawUse] = []
        self.calls: list[CallFact] = []
        self.functions: dict[FunctionKey, FunctionFact] = {}
        for item in facts:
            self.raw_uses += item.uses
            self.calls += item.calls
            self.functions.update(item.functions)
        self.given: Mapping[Parameter, list[CallFact]] = self._given()
        self.carried = self._carried()
        """Parameters that hold a status file."""
        self._owners: dict[Parameter, Owner | None] = {}
        paths = {*files.owners, *(path for raw in self.raw_uses for path in raw.evidence.paths)}
        self.waiting = any(owner_of_path(path, files) is Owner.WAITING for path in paths)
        """Whether there are contracts' files whose campaigns were not migrated."""

    def uses(self) -> list[Use]:
        """Return every use with its owner, in the order of the code."""
        found = [self._use(raw) for raw in self.raw_uses if raw.kind is not UseKind.IMPORT]
        found += [use for call in self.calls if (use := self.handed_on(call))]
        found += self._imports(found)
        return sorted(found, key=lambda use: (use.place.file, use.place.line, use.place.column, use.kind))

    def parameter_of(self, call: CallFact, at: int | str) -> Parameter | None:
        """Return the parameter that an argument of a call goes to."""
        fact = self.functions.get(call.callee) if call.callee else None
        if fact is None or call.callee is None:
            return None
        if isinstance(at, int):
            return (call.callee, fact.parameters[at]) if at < len(fact.parameters) else None
        return (call.callee, at) if at in fact.parameters else None

    def _given(self) -> Mapping[Parameter, list[CallFact]]:
        found: defaultdict[Parameter, list[CallFact]] = defaultdict(list)
        for call in self.calls:
            for argument in call.arguments:
                if parameter := self.parameter_of(call, argument.at):
                    found[parameter].append(call)
        return found

    def _carried(self) -> set[Parameter]:
        """Return the parameters from which a status file goes to one of the three functions."""
        new = {parameter for use in self.raw_uses if use.kind is UseKind.CALL for parameter in use.evidence.parameters}
        new |= {parameter for call in self.calls if call.name in FUNCTIONS
                for argument in call.arguments if (parameter := self.parameter_of(call, argument.at))}  # fmt: skip
        found: set[Parameter] = set()
        while new:
            found |= new
            new = {
                source
                for parameter in new
                for call in self.given.get(parameter, ())
                for argument in call.arguments
                if self.parameter_of(call, argument.at) == parameter
                for source in argument.evidence.parameters
            } - found
        return found

    def owner_of_parameter(self, parameter: Parameter, seen: frozenset[Parameter] = frozenset()) -> Owner | None:
        """Return whose status files callers give; None where no call says."""
        if parameter in seen:
            return None
        if parameter not in self._owners or seen:
            fact = self.functions[parameter[0]]
            found = [self._direct(fact.defaults.get(parameter[1], Evidence()))]
            for call in self.given.get(parameter, ()):
                found += [
                    self.said(call.marked) or self._reached(argument.evidence, seen | {parameter})
                    for argument in call.arguments
                    if self.parameter_of(call, argument.at) == parameter
                ]
            owner = agreed(item for item in found if item)
            if seen:
                return owner
            self._owners[parameter] = owner
        return self._owners[parameter]

    def _direct(self, evidence: Evidence) -> Owner | None:
        by_path = [owner_of_path(path, self.files) for path in evidence.paths]
        if by_path:
            return agreed(owner or Owner.UNDECIDED for owner in by_path)
        found = agreed(owner for name in evidence.constants if (owner := owner_of_constant(name)))
        return Owner.UNDECIDED if found is Owner.CONTRACT and self.waiting else found

    def _reached(self, evidence: Evidence, seen: frozenset[Parameter]) -> Owner | None:
        if found := self._direct(evidence):
            return found
        owners = (self.owner_of_parameter(item, seen) for item in evidence.parameters)
        return agreed(owner for owner in owners if owner)

    def whose(self, marked: Owner | None, evidence: Evidence, function: FunctionKey) -> Verdict:
        """Return whose it is, and why. `marked` is what a comment in the code says."""
        if owner := self.said(marked):
            return owner, wording.SAID()
        return self.reason(evidence, function)

    def said(self, marked: Owner | None) -> Owner | None:
        """Return what a comment settles: that it is a contract's does not tell whether its campaign was migrated."""
        return None if marked is Owner.CONTRACT and self.waiting else marked

    def reason(self, evidence: Evidence, function: FunctionKey) -> Verdict:
        """Return whose it is, and why."""
        if found := self._direct(evidence):
            named = ", ".join(sorted(evidence.paths) or sorted(evidence.constants)).replace("\0", "…")
            return found, (wording.EITHERS if found is Owner.UNDECIDED else wording.NAMES)(what=named)
        if found := self._reached(evidence, frozenset()):
            return found, given(found)
        fact = self.functions.get(function)
        words = fact.words if fact else set()
        if evidence.constants:
            return Owner.UNDECIDED, wording.RUN_TIME_NAME(what=", ".join(sorted(evidence.constants)))
        if words == {Owner.CONTRACT} and self.waiting:
            return Owner.UNDECIDED, wording.RUN_TIME_CAMPAIGN()
        if len(words) == 1:
            return next(iter(words)), wording.WORDS()
        if words:
            return Owner.UNDECIDED, wording.WORDS_MEET()
        return Owner.UNDECIDED, wording.RUN_TIME()

    def _use(self, raw: RawUse) -> Use:
        if raw.kind is UseKind.FLAG:
            owner, why = Owner.CONTRACT, wording.COLUMN()
        elif raw.kind is UseKind.DEFINITION:
            owner, why = Owner.SHARED, wording.ONE_FUNCTION()
        else:
            owner, why = self.whose(raw.marked, raw.evidence, (raw.place.file, raw.place.function))
        return self._owned(raw, owner, why)

    def _owned(self, raw: RawUse, owner: Owner, why: Reason) -> Use:
        name = raw.name.replace("\0", "…")
        return Use(place=raw.place, kind=raw.kind, name=name, access=raw.access, owner=owner, why=why)

    def handed_on(self, call: CallFact) -> Use | None:
        """Return the use that a call is, where it hands a status file on."""
        if call.name in FUNCTIONS:
            return None
        carried = [
            item for item in call.arguments if item.evidence.direct or self.parameter_of(call, item.at) in self.carried
        ]
        if not carried:
            return None
        evidence = carried[0].evidence
        for item in carried[1:]:
            evidence |= item.evidence
        owner, why = self.whose(call.marked, evidence, call.caller)
        return Use(place=call.place, kind=UseKind.PASS, name=call.name, access=Access.BOTH, owner=owner, why=why)

    def _imports(self, found: list[Use]) -> list[Use]:
        """Return the imports: a function's import is whose its uses in the file are."""
        by_place = {(use.place, use.kind): use.owner for use in found}
        users: defaultdict[tuple[str, str], set[Owner]] = defaultdict(set)
        for raw in self.raw_uses:
            if raw.spelled and raw.kind is UseKind.CALL:
                users[raw.place.file, raw.spelled].add(by_place[raw.place, raw.kind])
        imports = []
        for raw in self.raw_uses:
            if raw.kind is not UseKind.IMPORT:
                continue
            if raw.marked or raw.evidence.direct:
                owner, why = self.whose(raw.marked, raw.evidence, (raw.place.file, ""))
            else:
                owners = users[raw.place.file, raw.spelled]
                owner = next(iter(owners)) if len(owners) == 1 else Owner.SHARED
                owner = Owner.SHARED if owner is Owner.UNDECIDED else owner
                only = wording.USED_ONLY(owner=wording.OWNERS[owner]())
                why = (wording.USED_BOTH() if len(owners) > 1 else only) if owners else wording.UNUSED()
            imports.append(self._owned(raw, owner, why))
        return imports


def given(owner: Owner) -> Reason:
    """Return why a parameter's files are an owner's."""
    others = {Owner.SHARED: wording.GIVEN_BOTH, Owner.WAITING: wording.GIVEN_WAITING}
    return others[owner]() if owner in others else wording.GIVEN(owner=wording.OWNERS[owner]())
