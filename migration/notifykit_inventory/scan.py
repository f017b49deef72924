"""Reads one file: what it does with send status, before it is known whose that is."""

from __future__ import annotations

import ast
import re
import sys

from notifykit_inventory.facts import Argument, CallFact, Evidence, FileFacts, FunctionFact, RawUse
from notifykit_inventory.hazards import except_around_create, opened_database, statement_hazard
from notifykit_inventory.model import Access, Danger, Hazard, Owner, Place, UseKind
from notifykit_inventory.resolution.bindings import Bindings, FunctionNode, add_import, assigned, dotted, parameters
from notifykit_inventory.resolution.evidence import Reader, Surroundings
from notifykit_inventory.resolution.folding import UNKNOWN
from notifykit_inventory.resolution.modules import Class, Constant, ExternalName, Function, Modules
from notifykit_inventory.source import Code, column
from notifykit_inventory.words import (
    FLAG_COLUMN,
    FUNCTIONS,
    StatusFiles,
    is_status_constant,
    owner_of_function,
    owner_of_word,
)

_MARK = re.compile(r"#.*\bnotifykit:\s*(contract|technician)\b")
_READS = {"exists", "isfile", "is_file", "stat", "getsize", "getmtime", "read_text", "read_bytes", "load", "access"}
_WRITES = {"write_text", "write_bytes", "remove", "unlink", "rename", "replace", "touch", "dump", "copy", "copyfile",
           "copy2", "move"}  # fmt: skip
_BUILTINS = {"open", "print", "str", "len", "repr", "bool", "isinstance", "Path", "PurePath", "list", "set", "dict"}
_BUILT = ast.BinOp | ast.JoinedStr | ast.Constant | ast.Call


def scan_file(
    file: str, code: Code, tree: ast.Module, home: Bindings, modules: Modules, files: StatusFiles
) -> FileFacts:
    """Return what a file says. May raise RecursionError for code that is nested too deeply."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            add_import(home, node)
    scanner = _Scanner(file, code, Reader(file, home, modules, files))
    scanner.visit(tree)
    return scanner.facts


class _Scanner(ast.NodeVisitor):
    def __init__(self, file: str, code: Code, reader: Reader) -> None:
        self.file = file
        self.lines = code.text.split("\n")
        self.reader = reader
        self.facts = FileFacts()
        self.facts.functions[reader.stack[0].key] = FunctionFact()
        self.names: list[str] = []
        self.classes: list[str] = []
        self.done: set[int] = set()
        """Ids of nodes that are recorded as part of a larger use."""
        self.access: dict[int, Access] = {}
        """Ids of nodes to what the call around them does."""
        self.texts: set[int] = set()
        """Ids of the nodes of larger texts."""

    # Places

    def place(self, node: ast.expr | ast.stmt | ast.alias | ast.ExceptHandler) -> Place:
        line = self.lines[node.lineno - 1] if node.lineno <= len(self.lines) else ""
        at = column(line, node.col_offset)
        return Place(file=self.file, line=node.lineno, column=at, function=".".join(self.names))

    def mark(self, node: ast.expr | ast.stmt | ast.alias) -> Owner | None:
        last = node.end_lineno or node.lineno
        for line in {*self.lines[node.lineno - 1 : node.lineno], *self.lines[last - 1 : last]}:
            if found := _MARK.search(line):
                return Owner(found[1])
        return None

    def use(
        self, node: ast.expr | ast.stmt | ast.alias, kind: UseKind, name: str, access: Access, evidence: Evidence,
        spelled: str = "",
    ) -> None:  # fmt: skip
        self.facts.uses.append(
            RawUse(
                place=self.place(node), kind=kind, name=name, access=access, evidence=evidence, spelled=spelled,
                marked=self.mark(node),
            )
        )  # fmt: skip

    def cover(self, node: ast.AST) -> None:
        self.done.update(id(part) for part in ast.walk(node))

    def visit(self, node: ast.AST) -> None:
        if id(node) not in self.done:
            super().visit(node)

    # Functions, classes, imports

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self.function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self.function(node)

    def function(self, node: FunctionNode) -> None:
        for outside in (*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)):
            self.visit(outside)
        if node.name in FUNCTIONS:
            self.use(node, UseKind.DEFINITION, node.name, Access.NEITHER, Evidence())
        self.names.append(node.name)
        surroundings = Surroundings.of(self.file, ".".join(self.names), node, ".".join(self.classes))
        fact = FunctionFact(parameters=parameters(node))
        if owner := owner_of_function(".".join(self.names)):
            fact.words.add(owner)
        plain = [item.arg for item in (*node.args.posonlyargs, *node.args.args)]
        pairs = [*zip(reversed(plain), reversed(node.args.defaults), strict=False)]
        pairs += [
            (item.arg, value) for item, value in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True) if value
        ]
        fact.defaults = {name: self.reader.evidence(value) for name, value in pairs}
        self.facts.functions[surroundings.key] = fact
        self.reader.enter(surroundings)
        self.body(node)
        self.reader.leave()
        self.names.pop()

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for outside in (*node.decorator_list, *node.bases, *node.keywords):
            self.visit(outside)
        self.names.append(node.name)
        self.classes.append(node.name)
        self.body(node)
        self.classes.pop()
        self.names.pop()

    def visit_Module(self, node: ast.Module) -> None:
        self.body(node)

    def body(self, node: FunctionNode | ast.ClassDef | ast.Module) -> None:
        for statement in node.body:
            if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                continue  # a docstring
            self.visit(statement)

    def visit_Import(self, node: ast.Import) -> None:
        """Importing a module uses nothing of it."""

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            bound = alias.asname or alias.name
            name = ast.Name(bound, ast.Load())
            if alias.name in FUNCTIONS or self.reader.spelled(name) in FUNCTIONS:
                self.use(alias, UseKind.IMPORT, alias.name, Access.NEITHER, Evidence(), bound)
                self.facts.other_names.add(bound)
            elif constant := self.reader.constant(name):
                evidence = Evidence(frozenset([constant]), self.reader.status_paths(name))
                self.use(alias, UseKind.IMPORT, alias.name, Access.NEITHER, evidence, bound)
                self.facts.other_names.add(bound)

    # Constants and paths

    def visit_Assign(self, node: ast.Assign) -> None:
        self.assignment(node, node.value)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.assignment(node, node.value)

    def assignment(self, node: ast.Assign | ast.AnnAssign, value: ast.expr | None) -> None:
        if value is not None and len(self.reader.stack) == 1:
            for name, part in assigned(node):
                alias = part is not None and self.reader.spelled(part) in FUNCTIONS and dotted(part) is not None
                if alias and part is not None:
                    self.use(node, UseKind.IMPORT, self.reader.spelled(part), Access.NEITHER, Evidence(), name)
                    self.facts.other_names.add(name)
                    self.cover(part)
                elif part is not None and (is_status_constant(name) or self.reader.status_paths(part)):
                    evidence = Evidence(frozenset([name])) | self.reader.evidence(part)
                    self.use(node, UseKind.CONSTANT, name, Access.NEITHER, evidence)
                    self.facts.other_names.add(name)
                    self.cover(part)
        self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        self.named(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if not self.named(node):
            self.generic_visit(node)

    def named(self, node: ast.Name | ast.Attribute) -> bool:
        if not isinstance(node.ctx, ast.Load):
            return False
        if name := self.reader.constant(node):
            evidence = Evidence(frozenset([name]), self.reader.status_paths(node))
            self.use(node, UseKind.NAMED, name, self.access.get(id(node), Access.NEITHER), evidence)
            return True
        if (name := self.reader.spelled(node)) in FUNCTIONS and not isinstance(self.reader.meaning(node), Constant):
            self.use(node, UseKind.REFERENCE, name, Access.NEITHER, Evidence())
            return True
        return False

    def visit_Constant(self, node: ast.Constant) -> None:
        if not isinstance(node.value, str):
            return
        if owner := owner_of_word(node.value):
            self.facts.functions[self.reader.stack[-1].key].words.add(owner)
        if node.value == FLAG_COLUMN:
            self.use(node, UseKind.FLAG, FLAG_COLUMN, self.access.get(id(node), Access.NEITHER), Evidence())
        self.text(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        if not self.text(node):
            self.generic_visit(node)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        if not self.text(node):
            self.generic_visit(node)

    def text(self, node: ast.BinOp | ast.JoinedStr | ast.Constant | ast.Call) -> bool:
        """Record a text that is a status file's path, and hazards of its SQL. Returns whether it is such a path."""
        if id(node) in self.texts:
            return False
        found = self.reader.fold(node)
        if found == UNKNOWN:
            return False
        self.texts.update(id(part) for part in ast.walk(node) if isinstance(part, ast.BinOp | ast.JoinedStr))
        if isinstance(node, ast.JoinedStr):
            self.texts.update(id(part) for part in node.values)
        for text in found:
            if hazard := statement_hazard(text, self.place(node), node, self.lines):
                self.facts.hazards.append(hazard)
        paths = self.reader.status_paths(node)
        if paths:
            evidence = self.reader.evidence(node)
            what, name = (UseKind.NAMED, min(evidence.constants)) if evidence.constants else (UseKind.PATH, min(paths))
            self.use(node, what, name, self.access.get(id(node), Access.NEITHER), evidence)
        return bool(paths)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        access = Access.READ if isinstance(node.ctx, ast.Load) else Access.WRITE
        self.access[id(node.slice)] = access
        self.flag(node.slice, access)
        self.generic_visit(node)

    def visit_Dict(self, node: ast.Dict) -> None:
        self.access.update((id(key), Access.WRITE) for key in node.keys)
        self.generic_visit(node)

    def flag(self, node: ast.expr, access: Access) -> None:
        """Record a use of the flag column where a name stands for it."""
        if isinstance(node, ast.Name | ast.Attribute) and self.reader.fold(node) == (FLAG_COLUMN,):
            self.use(node, UseKind.FLAG, FLAG_COLUMN, access, Evidence())
            self.facts.functions[self.reader.stack[-1].key].words.add(Owner.CONTRACT)

    # Calls

    def visit_Call(self, node: ast.Call) -> None:
        name = self.reader.spelled(node.func)
        if name in FUNCTIONS:
            self.status_call(node, name)
            return
        if name == "getattr" and len(node.args) > 1:
            for text in self.reader.fold(node.args[1]):
                if text in FUNCTIONS:
                    self.use(node, UseKind.REFERENCE, text, Access.NEITHER, Evidence())
        hazard = opened_database(node, name, self.reader.fold, self.place(node))
        if hazard and "create_task" not in self.reader.home.functions:  # task_manager itself opens it
            self.facts.hazards.append(hazard)
        if isinstance(node.func, ast.Attribute) and name in ("get", "pop", "setdefault") and node.args:
            access = Access.READ if name == "get" else Access.BOTH
            self.access[id(node.args[0])] = access
            self.flag(node.args[0], access)
        self.handing_on(node, name)
        if id(node) not in self.done and self.text(node):
            return
        self.generic_visit(node)

    def status_call(self, node: ast.Call, name: str) -> None:
        keywords = [item for item in node.keywords if item.arg and ("file" in item.arg or "path" in item.arg)]
        starred = any(isinstance(item, ast.Starred) for item in node.args)
        file = node.args[0] if node.args and not starred else keywords[0].value if keywords else None
        first = (dotted(node.func) or ("",))[0]
        self.use(node, UseKind.CALL, name, FUNCTIONS[name], self.reader.evidence(file), first)
        found = self.reader.meaning(node.func)
        if isinstance(found, Function) and file is not None:
            argument = Argument(at=0, place=self.place(file), evidence=self.reader.evidence(file))
            self.call_fact(node, name, found, (argument,))
        for part in (*node.args, *(item.value for item in node.keywords)):
            if part is file:
                self.cover(part)
            self.visit(part)

    def call_fact(self, node: ast.Call, name: str, found: Function | None, arguments: tuple[Argument, ...]) -> None:
        key = (self.reader.modules.file(found.home.path), found.name) if found else None
        self.facts.calls.append(
            CallFact(
                place=self.place(node), caller=self.reader.stack[-1].key, callee=key, name=name, arguments=arguments,
                marked=self.mark(node),
            )
        )  # fmt: skip

    def handing_on(self, node: ast.Call, name: str) -> None:
        """Note which arguments may be status files, and what the call does with them."""
        found = self.reader.meaning(node.func)
        given: list[tuple[int | str, ast.expr]] = [*enumerate(node.args)]
        given += [(item.arg, item.value) for item in node.keywords if item.arg]
        if isinstance(found, ExternalName | None) and self.is_standard(node.func, found, name):
            access = _access(node, name)
            for part in (*(value for _, value in given), getattr(node.func, "value", None)):
                self.access[id(part)] = access
            return
        offset = 0
        if isinstance(found, Class):
            start = f"{found.name}.__init__"
            found = Function(found.home, start) if start in found.home.functions else None
            offset = 1
        elif isinstance(found, Function) and "." in found.name and (dotted(node.func) or ("",))[0] in ("self", "cls"):
            offset = 1
        arguments = []
        for at, value in given:
            if evidence := self.reader.evidence(value):
                where = at + offset if isinstance(at, int) else at
                arguments.append(Argument(at=where, place=self.place(value), evidence=evidence))
                if evidence.direct:
                    self.cover(value)
        direct = any(item.evidence.direct for item in arguments)
        defined = found if isinstance(found, Function) else None
        if direct or (arguments and defined is not None):
            self.call_fact(node, name or "a function", defined, tuple(arguments))

    def is_standard(self, called: ast.expr, found: ExternalName | None, name: str) -> bool:
        """Whether a call is of the standard library, so that it cannot be one of the old program's functions."""
        if isinstance(found, ExternalName):
            return found.name.partition(".")[0] in sys.stdlib_module_names
        return name in _BUILTINS or (isinstance(called, ast.Attribute) and name in _READS | _WRITES | {"open", "join"})

    # Errors

    def visit_Try(self, node: ast.Try) -> None:
        self.tried(node)

    def visit_TryStar(self, node: ast.TryStar) -> None:
        self.tried(node)

    def tried(self, node: ast.Try | ast.TryStar) -> None:
        for handler, detail in except_around_create(node, self.reader):
            place = self.place(handler)
            self.facts.hazards.append(Hazard(place=place, danger=Danger.EXCEPT, detail=detail))
        self.generic_visit(node)


def _access(node: ast.Call, name: str) -> Access:
    if name == "open":
        values = [*node.args[1:2], *(item.value for item in node.keywords if item.arg == "mode")]
        if isinstance(node.func, ast.Attribute) and not values:
            values = node.args[:1]
        mode = values[0].value if values and isinstance(values[0], ast.Constant) else "r"
        wanted = str(mode)
        return Access.BOTH if "+" in wanted else Access.WRITE if set(wanted) & set("wax") else Access.READ
    return Access.READ if name in _READS else Access.WRITE if name in _WRITES else Access.NEITHER
