"""Finds out what a patch can take out: by trying, and taking back whatever is still needed, until nothing changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from notifykit.wording.translation import gettext
from notifykit_inventory.facts import FunctionKey, Parameter, RawUse
from notifykit_inventory.model import Owner, UseKind
from notifykit_inventory.patch.callers import PassedArguments, given_to, obstacles
from notifykit_inventory.patch.file import ParsedFile, StrippedFile, UnfitError
from notifykit_inventory.patch.mentions import exported, files_with, mentioned
from notifykit_inventory.patch.model import FileChange, Leftover, PatchContent, Remark, RemovedConstant
from notifykit_inventory.patch.remarks import remarks
from notifykit_inventory.patch.removals import Removals
from notifykit_inventory.source import Code, parse, read_code
from notifykit_inventory.take import TreeScan
from notifykit_inventory.words import FUNCTIONS, StatusFiles


class PatchBuilder:
    """Builds the content of one patch."""

    def __init__(self, root: Path, files: StatusFiles | None = None) -> None:
        self.scan = TreeScan(root, files)
        self.ownership = self.scan.run()
        self.base = self.scan.modules.root
        self.codes: dict[str, Code] = {}
        self.parsed: dict[str, ParsedFile] = {}
        self.leftovers: dict[Leftover, None] = {}
        self.raw = {(raw.place, raw.kind): raw for raw in self.ownership.raw_uses}
        self.contract = [use for use in self.ownership.uses() if use.owner is Owner.CONTRACT]
        definitions = [use for use in self.contract if use.kind is UseKind.CONSTANT]
        self.constants: defaultdict[str, list[RawUse]] = defaultdict(list)
        for use in definitions:
            self.constants[use.name].append(self.raw[use.place, use.kind])
        self.whole: defaultdict[str, set[str]] = defaultdict(set)
        """Files to functions that stay as they are."""
        self.parameters: dict[Parameter, PassedArguments] = {}
        for item in sorted(self.ownership.carried):
            if self.ownership.owner_of_parameter(item) is Owner.CONTRACT and (given := given_to(item, self.ownership)):
                self.parameters[item] = given
        self.mentioning = files_with(
            {
                *self.constants,
                *(raw.spelled for raw in self.ownership.raw_uses if raw.kind is UseKind.IMPORT),
                *(key[1].rpartition(".")[2] for key, _ in self.parameters),
                *FUNCTIONS,
            },
            self.scan.read,
        )

    def build(self) -> PatchContent:
        """Return what can be taken out, and what cannot."""
        self._drop_obstructed_parameters()
        while True:
            removals = self._removals()
            stripped = self._strip(removals)
            if self._settle(stripped):
                break
        changed = {
            file: Code(result.text, self.codes[file].encoding, self.codes[file].bom)
            for file, result in stripped.items()
            if result.text != self.codes[file].text
        }
        return PatchContent(
            changes=tuple(self._change(file, code) for file, code in sorted(changed.items())),
            constants=self._removed_constants(),
            leftovers=tuple(sorted(self.leftovers, key=lambda item: (item.file, item.line))),
            remarks=tuple(self._remarks({file: code.text for file, code in changed.items()})),
            after=self.scan.replaced({self.base / file: code for file, code in changed.items()}),
        )

    def _change(self, file: str, code: Code) -> FileChange:
        before = self.codes[file]
        return FileChange(file=file, before=before.encode(before.text), after=code.encode(code.text))

    def _remarks(self, changed: Mapping[str, str]) -> Iterator[Remark]:
        """Yield what still speaks of that which is taken out, in the code as it will be."""
        paths = {path for found in self.constants.values() for raw in found for path in raw.evidence.paths}
        gone = {*self.constants, *(path.rpartition("/")[2] for path in paths)}
        speaking = [self.scan.modules.file(path) for path in files_with(gone, self.scan.read)]
        texts = {**{file: self._code(file).text for file in speaking}, **changed}
        for file, text in sorted(texts.items()):
            yield from remarks(file, text, gone, self._code(file).text if file in changed else None)

    def _removed_constants(self) -> tuple[RemovedConstant, ...]:
        return tuple(
            RemovedConstant(
                name=name,
                file=raw.place.file,
                line=raw.place.line,
                value=", ".join(sorted(raw.evidence.paths)).replace("\0", "…"),
            )
            for name, found in sorted(self.constants.items())
            for raw in found
        )

    def _code(self, file: str) -> Code:
        if file not in self.codes:
            self.codes[file] = read_code(self.base / file)
        return self.codes[file]

    def _mentioning(self, name: str) -> dict[str, Code]:
        files = [self.scan.modules.file(path) for path, names in self.mentioning.items() if name in names]
        return {file: self._code(file) for file in files}

    def _drop_obstructed_parameters(self) -> None:
        for parameter, given in list(self.parameters.items()):
            codes = self._mentioning(parameter[0][1].rpartition(".")[2])
            found = list(obstacles(parameter, given, self.ownership, codes))
            if found:
                self.leftovers.update(dict.fromkeys(found))
                del self.parameters[parameter]

    def _removals(self) -> dict[str, Removals]:
        removals: defaultdict[str, Removals] = defaultdict(Removals)
        for file, names in self.whole.items():
            removals[file].left_alone |= names
        for use in self.contract:
            if use.kind is UseKind.CALL:
                wanted = removals[use.place.file]
                calls = wanted.loads if use.name == "load_send_status" else wanted.writes
                calls.add((use.place.line, use.place.column))
            elif use.kind in (UseKind.NAMED, UseKind.PATH):
                removals[use.place.file].named.add((use.place.line, use.place.column))
        for ((file, function), name), given in self.parameters.items():
            removals[file].parameters[function].add(name)
            for call, argument in given:
                removals[call.place.file].arguments.add((argument.place.line, argument.place.column))
        for name, found in self.constants.items():
            for raw in found:
                removals[raw.place.file].constants.add(name)
        for raw in self.ownership.raw_uses:
            if raw.kind is UseKind.IMPORT and raw.evidence.constants & self.constants.keys():
                removals[raw.place.file].imports.add(raw.spelled)
        return removals

    def _strip(self, removals: Mapping[str, Removals]) -> dict[str, StrippedFile]:
        found: dict[str, StrippedFile] = {}
        for file, wanted in removals.items():
            try:
                if file not in self.parsed:
                    self.parsed[file] = ParsedFile(self._code(file).text)
                first = self.parsed[file].strip(wanted)
            except UnfitError as error:
                self.leftovers[Leftover(file=file, line=1, why=str(error))] = None
                continue
            if first.text != self._code(file).text and (unused := self._unused_imports(file, wanted, first.text)):
                wanted.imports |= unused
                again = self.parsed[file].strip(wanted)
                first = StrippedFile(again.text, again.arguments, again.used, first.blocked)
            found[file] = first
        return found

    def _unused_imports(self, file: str, removals: Removals, text: str) -> set[str]:
        """Return the imported functions and constants that nothing in the file uses any more."""
        contract = {use.name for use in self.contract if use.kind is UseKind.CONSTANT}
        calls = bool(removals.loads or removals.writes)
        bound = {
            raw.spelled: raw.name
            for raw in self.ownership.raw_uses
            if raw.kind is UseKind.IMPORT and raw.place.file == file
            if (calls and raw.name in FUNCTIONS) or raw.evidence.constants & contract
        }
        tree = parse(Code(text, "utf-8", bom=False))
        used = {name for name, _ in mentioned(tree, bound, imports=False)}
        texts = {self.base / other: code.text for name in bound for other, code in self._mentioning(name).items()}
        return {name for name in bound.keys() - used if not exported(name, self.base / file, texts)}

    def _settle(self, stripped: Mapping[str, StrippedFile]) -> bool:
        """Take back what is still needed. Returns whether nothing was."""
        before = (len(self.parameters), len(self.constants))
        whole = sum(map(len, self.whole.values()))
        self._keep_whole(stripped)
        for parameter, given in list(self.parameters.items()):
            (file, function), name = parameter
            result = stripped.get(file)
            line = min((call.place.line for call, _ in given), default=1)
            if result is None or (function, name) in result.used:
                why = gettext(
                    "{function} still needs its parameter {name}, so its calls keep it", function=function, name=name
                )
                self.leftovers[Leftover(file=file, line=self._line_of(parameter), why=why)] = None
            elif all(
                (argument.place.line, argument.place.column) in stripped[call.place.file].arguments
                for call, argument in given
                if call.place.file in stripped
            ) and all(call.place.file in stripped for call, _ in given):
                continue
            else:
                why = gettext("a call of {function} cannot be changed", function=function)
                self.leftovers[Leftover(file=given[0][0].place.file, line=line, why=why)] = None
            del self.parameters[parameter]
        self._take_back_constants(stripped)
        return before == (len(self.parameters), len(self.constants)) and whole == sum(map(len, self.whole.values()))

    def _keep_whole(self, stripped: Mapping[str, StrippedFile]) -> None:
        """Where a function stays as it is, what it calls with its status file has to stay as well."""
        waiting: list[FunctionKey] = []
        for file, result in stripped.items():
            for name, (line, why) in result.blocked.items():
                self.leftovers[Leftover(file=file, line=line, why=why)] = None
                self.whole[file].add(name)
                waiting.append((file, name))
        while waiting:
            file, name = waiting.pop()
            for call in self.ownership.calls:
                callee = call.callee
                if call.caller[0] != file or not _within(call.caller[1], name) or callee is None:
                    continue
                carried = any(
                    self.ownership.parameter_of(call, item.at) in self.ownership.carried for item in call.arguments
                )
                if carried and callee[1] not in self.whole[callee[0]] and callee[1] not in FUNCTIONS:
                    why = gettext(
                        "{function} stays as it is, since {caller} calls it and has to stay",
                        function=callee[1],
                        caller=name or gettext("the module"),
                    )
                    self.leftovers[Leftover(file=callee[0], line=self._line_of((callee, "")), why=why)] = None
                    self.whole[callee[0]].add(callee[1])
                    waiting.append(callee)

    def _line_of(self, parameter: Parameter) -> int:
        (file, function), _ = parameter
        home = self.scan.modules.at(self.base / file)
        found = home.functions.get(function) if home else None
        return found.lineno if found else 1

    def _take_back_constants(self, stripped: Mapping[str, StrippedFile]) -> None:
        needed: dict[str, tuple[str, int]] = {}
        for path, names in self.mentioning.items():
            wanted = names & self.constants.keys()
            if not wanted:
                continue
            file = self.scan.modules.file(path)
            text = stripped[file].text if file in stripped else self._code(file).text
            for name, line in mentioned(parse(Code(text, "utf-8", bom=False)), wanted):
                needed.setdefault(name, (file, line))
        for name, (file, _) in needed.items():
            raw = self.constants.pop(name)[0]
            why = gettext("{name} is still needed in {file}", name=name, file=file)
            self.leftovers[Leftover(file=raw.place.file, line=raw.place.line, why=why)] = None


def _within(inner: str, outer: str) -> bool:
    return inner == outer or (bool(outer) and inner.startswith(f"{outer}."))
