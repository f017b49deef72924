"""Makes the patch: what may go is found by trying, and taking back whatever is still needed, until nothing changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from notifykit_migration.inventory.facts import FunctionKey, Parameter, RawUse
from notifykit_migration.inventory.model import Inventory, Owner, What
from notifykit_migration.inventory.source import Code, parse, read_code
from notifykit_migration.inventory.take import Taking
from notifykit_migration.inventory.words import FUNCTIONS, StatusFiles
from notifykit_migration.patch.callers import Given, given_to, obstacles
from notifykit_migration.patch.file import Parsed, Stripped, UnfitError
from notifykit_migration.patch.mentions import exported, files_with, mentioned
from notifykit_migration.patch.orders import Left, Orders


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovedConstant:
    """A configuration constant that nothing needs any more once the patch is applied."""

    name: str
    file: str
    """Relative to the code's folder, in POSIX form."""
    line: int
    value: str
    """The status file that it names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One file that is changed."""

    file: str
    before: bytes
    after: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What a patch does, and does not."""

    changes: tuple[Change, ...]
    constants: tuple[RemovedConstant, ...]
    left: tuple[Left, ...]
    """What could not be taken out safely, with lines as they are now."""
    after: Inventory
    """The inventory as it will be."""


class Making:
    """One patch in the making."""

    def __init__(self, root: Path, files: StatusFiles | None = None) -> None:
        self.taking = Taking(root, files)
        self.deciding = self.taking.take()
        self.base = self.taking.modules.root
        self.codes: dict[str, Code] = {}
        self.parsed: dict[str, Parsed] = {}
        self.left: dict[Left, None] = {}
        self.raw = {(raw.place, raw.what): raw for raw in self.deciding.uses}
        self.contract = [use for use in self.deciding.decided() if use.owner is Owner.CONTRACT]
        definitions = [use for use in self.contract if use.what is What.CONSTANT]
        self.constants: defaultdict[str, list[RawUse]] = defaultdict(list)
        for use in definitions:
            self.constants[use.name].append(self.raw[use.place, use.what])
        self.whole: defaultdict[str, set[str]] = defaultdict(set)
        """Files to functions that stay as they are."""
        self.parameters: dict[Parameter, Given] = {}
        for item in sorted(self.deciding.carried):
            if self.deciding.owner_of_parameter(item) is Owner.CONTRACT and (given := given_to(item, self.deciding)):
                self.parameters[item] = given
        self.mentioning = files_with(
            {
                *self.constants,
                *(raw.spelled for raw in self.deciding.uses if raw.what is What.IMPORT),
                *(key[1].rpartition(".")[2] for key, _ in self.parameters),
                *FUNCTIONS,
            },
            self.taking.read,
        )

    def make(self) -> Made:
        """Make the patch."""
        self._drop_obstructed_parameters()
        while True:
            orders = self._orders()
            stripped = self._strip(orders)
            if self._settle(stripped):
                break
        changed = {
            file: Code(result.text, self.codes[file].encoding, self.codes[file].bom)
            for file, result in stripped.items()
            if result.text != self.codes[file].text
        }
        return Made(
            changes=tuple(self._change(file, code) for file, code in sorted(changed.items())),
            constants=self._removed(),
            left=tuple(sorted(self.left, key=lambda item: (item.file, item.line))),
            after=self.taking.replaced({self.base / file: code for file, code in changed.items()}),
        )

    def _change(self, file: str, code: Code) -> Change:
        before = self.codes[file]
        return Change(file=file, before=before.encode(before.text), after=code.encode(code.text))

    def _removed(self) -> tuple[RemovedConstant, ...]:
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

    # What may go

    def _code(self, file: str) -> Code:
        if file not in self.codes:
            self.codes[file] = read_code(self.base / file)
        return self.codes[file]

    def _mentioning(self, name: str) -> dict[str, Code]:
        files = [self.taking.modules.file(path) for path, names in self.mentioning.items() if name in names]
        return {file: self._code(file) for file in files}

    def _drop_obstructed_parameters(self) -> None:
        for parameter, given in list(self.parameters.items()):
            codes = self._mentioning(parameter[0][1].rpartition(".")[2])
            found = list(obstacles(parameter, given, self.deciding, codes))
            if found:
                self.left.update(dict.fromkeys(found))
                del self.parameters[parameter]

    def _orders(self) -> dict[str, Orders]:
        orders: defaultdict[str, Orders] = defaultdict(Orders)
        for file, names in self.whole.items():
            orders[file].left_alone |= names
        for use in self.contract:
            if use.what is What.CALL:
                wanted = orders[use.place.file]
                calls = wanted.loads if use.name == "load_send_status" else wanted.writes
                calls.add((use.place.line, use.place.column))
        for ((file, function), name), given in self.parameters.items():
            orders[file].parameters[function].add(name)
            for call, argument in given:
                orders[call.place.file].arguments.add((argument.place.line, argument.place.column))
        for name, found in self.constants.items():
            for raw in found:
                orders[raw.place.file].constants.add(name)
        for raw in self.deciding.uses:
            if raw.what is What.IMPORT and raw.evidence.constants & self.constants.keys():
                orders[raw.place.file].imports.add(raw.spelled)
        return orders

    def _strip(self, orders: Mapping[str, Orders]) -> dict[str, Stripped]:
        found: dict[str, Stripped] = {}
        for file, wanted in orders.items():
            try:
                if file not in self.parsed:
                    self.parsed[file] = Parsed(self._code(file).text)
                first = self.parsed[file].strip(wanted)
            except UnfitError as error:
                self.left[Left(file=file, line=1, why=str(error))] = None
                continue
            if first.text != self._code(file).text and (unused := self._unused_imports(file, wanted, first.text)):
                wanted.imports |= unused
                again = self.parsed[file].strip(wanted)
                first = Stripped(again.text, again.arguments, again.used, first.blocked)
            found[file] = first
        return found

    def _unused_imports(self, file: str, orders: Orders, text: str) -> set[str]:
        """Return the imported functions and constants that nothing in the file uses any more."""
        contract = {use.name for use in self.contract if use.what is What.CONSTANT}
        bound = {raw.spelled: raw.name for raw in self.deciding.uses
                 if raw.what is What.IMPORT and raw.place.file == file
                 and ((raw.name in FUNCTIONS and (orders.loads or orders.writes)) or raw.evidence.constants & contract)
                 }  # fmt: skip
        tree = parse(Code(text, "utf-8", bom=False))
        used = {name for name, _ in mentioned(tree, bound, imports=False)}
        texts = {self.base / other: code.text for name in bound for other, code in self._mentioning(name).items()}
        return {name for name in bound.keys() - used if not exported(name, self.base / file, texts)}

    def _settle(self, stripped: Mapping[str, Stripped]) -> bool:
        """Take back what is still needed. Returns whether nothing was."""
        before = (len(self.parameters), len(self.constants))
        whole = sum(map(len, self.whole.values()))
        self._keep_whole(stripped)
        for parameter, given in list(self.parameters.items()):
            (file, function), name = parameter
            result = stripped.get(file)
            line = min((call.place.line for call, _ in given), default=1)
            if result is None or (function, name) in result.used:
                why = f"{function} still needs its parameter {name}, so its calls keep it"
                self.left[Left(file=file, line=self._line_of(parameter), why=why)] = None
            elif all(
                (argument.place.line, argument.place.column) in stripped[call.place.file].arguments
                for call, argument in given
                if call.place.file in stripped
            ) and all(call.place.file in stripped for call, _ in given):
                continue
            else:
                why = f"a call of {function} cannot be changed"
                self.left[Left(file=given[0][0].place.file, line=line, why=why)] = None
            del self.parameters[parameter]
        self._take_back_constants(stripped)
        return before == (len(self.parameters), len(self.constants)) and whole == sum(map(len, self.whole.values()))

    def _keep_whole(self, stripped: Mapping[str, Stripped]) -> None:
        """Where a function stays as it is, what it calls with its status file has to stay as well."""
        waiting: list[FunctionKey] = []
        for file, result in stripped.items():
            for name, (line, why) in result.blocked.items():
                self.left[Left(file=file, line=line, why=why)] = None
                self.whole[file].add(name)
                waiting.append((file, name))
        while waiting:
            file, name = waiting.pop()
            for call in self.deciding.calls:
                callee = call.callee
                if call.caller[0] != file or not _within(call.caller[1], name) or callee is None:
                    continue
                carried = any(
                    self.deciding.parameter_of(call, item.at) in self.deciding.carried for item in call.arguments
                )
                if carried and callee[1] not in self.whole[callee[0]] and callee[1] not in FUNCTIONS:
                    why = f"{callee[1]} stays as it is, since {name or 'the module'} calls it and has to stay"
                    self.left[Left(file=callee[0], line=self._line_of((callee, "")), why=why)] = None
                    self.whole[callee[0]].add(callee[1])
                    waiting.append(callee)

    def _line_of(self, parameter: Parameter) -> int:
        (file, function), _ = parameter
        home = self.taking.modules.at(self.base / file)
        found = home.functions.get(function) if home else None
        return found.lineno if found else 1

    def _take_back_constants(self, stripped: Mapping[str, Stripped]) -> None:
        needed: dict[str, tuple[str, int]] = {}
        for path, names in self.mentioning.items():
            wanted = names & self.constants.keys()
            if not wanted:
                continue
            file = self.taking.modules.file(path)
            text = stripped[file].text if file in stripped else self._code(file).text
            for name, line in mentioned(parse(Code(text, "utf-8", bom=False)), wanted):
                needed.setdefault(name, (file, line))
        for name, (file, _) in needed.items():
            raw = self.constants.pop(name)[0]
            why = f"{name} is still needed in {file}"
            self.left[Left(file=raw.place.file, line=raw.place.line, why=why)] = None


def _within(inner: str, outer: str) -> bool:
    return inner == outer or (bool(outer) and inner.startswith(f"{outer}."))
