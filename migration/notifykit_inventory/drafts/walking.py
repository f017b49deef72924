"""Reads functions statement by statement, as they would run, for the messages that loops over records make.

Nothing is executed: a name holds what was folded of its last value, and where two ways meet, both by their condition.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from notifykit.wording.translation import gettext
from notifykit_inventory.drafts.conditions import Conditions, all_of, joined
from notifykit_inventory.drafts.loops import CREATES, MESSAGE, Loop, Made, arguments_of, flags_of, is_record, ways_out
from notifykit_inventory.drafts.model import Mark, Test
from notifykit_inventory.drafts.picking import CHANGES
from notifykit_inventory.drafts.symbols import RECORD, Kind, plain, single
from notifykit_inventory.drafts.values import Values, defined, last_name, typed
from notifykit_inventory.model import Place
from notifykit_inventory.resolution.bindings import Bindings, assigned, flat, matched, parameters
from notifykit_inventory.resolution.folding import Scope, Texts, fold
from notifykit_inventory.resolution.modules import Function, Modules
from notifykit_inventory.source import short

_WRITES = {"update", "setdefault", "pop", "popitem", "clear"}
"""Methods that change a record."""
_DEEPEST = 8
_STATEMENTS = 20_000
"""Read at most for one beginning: functions that call each other many times are read for each call."""


@dataclass(slots=True)
class _Frame:
    """One function as it is being read."""

    home: Bindings
    name: str = ""
    owner: str = ""
    """The class around it."""
    names: dict[str, Texts] = field(default_factory=dict)
    tests: tuple[Test, ...] = ()
    """What is true here, of the record where there is one."""
    given: list[tuple[tuple[Test, ...], Texts]] = field(default_factory=list)
    """What it returns, and when."""
    empty: bool = False
    """Whether it returns no records as well, for a reason that is not about records."""


class Walker:
    """Reads from one beginning: a function that nothing else calls, or the top of a module."""

    def __init__(self, modules: Modules, makes: Callable[[Function], bool]) -> None:
        """`makes`: whether a function of the tree makes messages, or writes send status, perhaps by way of others."""
        self.modules = modules
        self.makes = makes
        self.values = Values(self, modules)
        self.conditions = Conditions(self.values)
        self.loops: list[Loop] = []
        self.outside: list[Place] = []
        """Messages that are made outside of loops over records."""
        self._stack: list[Function] = []
        self._silent = 0
        self._left = _STATEMENTS
        self._known: dict[tuple[object, ...], Texts] = {}
        """What functions of the tree give for what they are given."""

    @property
    def read_whole(self) -> bool:
        """Whether it was not too much to read."""
        return self._left >= 0

    def read(self, home: Bindings, function: Function | None, body: Sequence[ast.stmt]) -> None:
        """Read a function, of whose parameters nothing is known but their defaults, or the top of a module."""
        frame = _Frame(home)
        if function is not None:
            frame = self._called(function, ast.Call(func=ast.Name("f"), args=[], keywords=[]), self._scope(frame))
            self._stack.append(function)
        self._walk(body, frame)

    # What values ask for

    def chosen(self, node: ast.expr, scope: Scope, depth: int) -> bool | str | None:
        """Return what a condition is: known, a Jinja expression, or None."""
        return self.conditions.chosen(node, scope, depth)

    def returned(self, found: Function, call: ast.Call, scope: Scope) -> Texts:
        """Return what a call of a function of the tree gives."""
        if found in self._stack or len(self._stack) > _DEEPEST:
            return self.values.unknown(call, scope)
        frame = self._called(found, call, scope)
        key = (found.home.path, found.name, tuple(sorted(frame.names.items())), id(self.conditions.loop))
        if key not in self._known:
            self._known[key] = self._given(found, frame, call, scope)
        return self._known[key]

    def _given(self, found: Function, frame: _Frame, call: ast.Call, scope: Scope) -> Texts:
        self._silent += 1
        ends = not self._follow(found, frame)
        self._silent -= 1
        if ends or not frame.given:  # it may give None
            return self.values.unknown(call, scope)
        if frame.empty and any(self.values.picking.rows(value) is None for _, value in frame.given):
            return self.values.unknown(call, scope)
        *others, (_, value) = frame.given
        for tests, other in reversed(others):
            value = self.values.choice(all_of(tests), other, value, call, scope)
        return value

    # Functions

    def _called(self, found: Function, call: ast.Call, scope: Scope) -> _Frame:
        """Return a function with what a call gives it."""
        definition = found.definition
        owner = found.name.rpartition(".")[0]
        there = _Frame(found.home, found.name, owner if owner in found.home.classes else "")
        outside = self._scope(there)
        names = parameters(definition)
        arguments = definition.args
        plain_names = [item.arg for item in (*arguments.posonlyargs, *arguments.args)]
        defaults = [*zip(reversed(plain_names), reversed(arguments.defaults), strict=False)]
        defaults += [(item.arg, value) for item, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
                     if value is not None]  # fmt: skip
        for name in names:
            there.names[name] = self.values.unnamed(name, found)
        for name, value in defaults:
            there.names[name] = typed(value, outside)
        if not any(isinstance(item, ast.Starred) for item in call.args):
            positional = names[1:] if there.owner and names[:1] in (("self",), ("cls",)) else names
            for name, value in zip(positional, call.args, strict=False):
                there.names[name] = typed(value, scope)
        for item in call.keywords:
            if item.arg in there.names:
                there.names[item.arg] = typed(item.value, scope)
        return there

    def _follow(self, found: Function, frame: _Frame) -> bool:
        """Read a function. Returns whether its end is never reached."""
        self._stack.append(found)
        leaves = self._walk(found.definition.body, frame)
        self._stack.pop()
        return leaves

    def _scope(self, frame: _Frame) -> Scope:
        return Scope(self.modules, frame.home, bound=frame.names, owner=frame.owner, symbols=self.values)

    def _place(self, node: ast.expr | ast.stmt, frame: _Frame) -> Place:
        file = self.modules.file(frame.home.path)
        return Place(file=file, line=node.lineno, column=node.col_offset, function=frame.name)

    # Statements

    def _walk(self, body: Sequence[ast.stmt], frame: _Frame) -> bool:
        """Read statements. Returns whether what follows them is never reached."""
        for statement in body:
            self._left -= 1
            if self._left < 0 or self._statement(statement, frame):
                return True
        return False

    def _statement(self, node: ast.stmt, frame: _Frame) -> bool:
        if isinstance(node, ast.Return):
            value = node.value or ast.Constant(None)
            self._calls(value, frame)
            about = self.values.picking.about(frame.tests) or any(isinstance(test, str) for test in frame.tests)
            if isinstance(value, ast.List) and not value.elts and not about:
                frame.empty = True
            else:
                frame.given.append((frame.tests, typed(value, self._scope(frame))))
            return True
        if isinstance(node, ast.Raise | ast.Continue | ast.Break):
            return True
        if isinstance(node, ast.If):
            return self._if(node, frame)
        if isinstance(node, ast.For | ast.AsyncFor):
            self._for(node, frame)
        elif isinstance(node, ast.While):
            self._forget(node.body, frame)
            self._branch(node.body, frame, self._mark(node.test, frame, gettext("how often this loop runs")))
        elif isinstance(node, ast.With | ast.AsyncWith):
            for item in node.items:
                self._calls(item.context_expr, frame)
                if isinstance(item.optional_vars, ast.Name):
                    frame.names[item.optional_vars.id] = fold(item.context_expr, self._scope(frame))
            return self._walk(node.body, frame)
        elif isinstance(node, ast.Try | ast.TryStar):
            leaves = self._walk(node.body, frame) or self._walk(node.orelse, frame)
            for handler in node.handlers:
                self._branch(handler.body, frame, self._mark(handler, frame, gettext("whether this error is raised")))
            return self._walk(node.finalbody, frame) or leaves
        elif isinstance(node, ast.Match):
            for case in node.cases:
                test = self._mark(node.subject, frame, gettext("whether it is {pattern}", pattern=short(case.pattern)))
                if self._branch(case.body, frame, test):
                    frame.tests += (test,)
        elif isinstance(node, ast.Delete):
            for target in node.targets:
                if isinstance(target, ast.Subscript):
                    self._entry(target, self.values.unknown(target, self._scope(frame)), frame)
        elif isinstance(node, ast.Expr):
            self._calls(node.value, frame)
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign) and node.value is not None:
            self._assignment(node, node.value, frame)
        return False

    def _assignment(self, node: ast.Assign | ast.AnnAssign | ast.AugAssign, value: ast.expr, frame: _Frame) -> None:
        self._calls(value, frame)
        scope = self._scope(frame)
        if isinstance(node, ast.AugAssign):
            value = ast.copy_location(ast.BinOp(node.target, node.op, value), node)
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        told = [
            (part, self.values.unknown(value, scope) if given is None else typed(given, scope))
            for target in targets
            for part, given in matched(target, value)
        ]
        for part, texts in told:
            if isinstance(part, ast.Name):
                frame.names[part.id] = texts
            elif isinstance(part, ast.Subscript):
                self._entry(part, texts, frame)

    def _entry(self, target: ast.Subscript, value: Texts, frame: _Frame) -> None:
        """Note a word that is written under a key of the send status, or into a column of the record."""
        scope = self._scope(frame)
        texts = fold(target.value, scope)
        self._change(texts, target, scope)
        base = single(texts)
        loop = self.conditions.loop
        if base and base[0] is Kind.RECORD:
            column = plain(fold(target.slice, scope))
            always = column is not None and not frame.tests and not self._silent
            self.values.write(column, value if always else self.values.unknown(target, scope))
        if loop is not None and base and base[0] is Kind.STATUS and not self._silent:
            loop.statuses.add(self.values.statuses[int(base[1])])
            loop.keys.append(fold(target.slice, scope))
            loop.words |= {word for word in [plain(value)] if word is not None}

    def _if(self, node: ast.If, frame: _Frame) -> bool:
        self._calls(node.test, frame)
        scope = self._scope(frame)
        test = self.conditions.chosen(node.test, scope, 0)
        if isinstance(test, bool):
            return self._walk(node.body if test else node.orelse, frame)
        against = self.conditions.chosen(node.test, scope, 0, negated=True)
        before, tests = dict(frame.names), frame.tests
        frame.tests = (*tests, self._told(test, node.test, frame))
        leaves = self._walk(node.body, frame)
        after, true_after = frame.names, frame.tests
        frame.names = before
        frame.tests = (*tests, self._told(against, node.test, frame))
        others_leave = self._walk(node.orelse, frame)
        if leaves != others_leave:
            frame.names, frame.tests = (frame.names, frame.tests) if leaves else (after, true_after)
            return False
        left = [(against, true_after[len(tests) + 1 :]), (test, frame.tests[len(tests) + 1 :])]
        frame.tests = tests
        for other, more in left:  # each way may have been left by some records
            if more:
                frame.tests += (self._told(joined([other, all_of(more)], both=False), node.test, frame),)
                frame.tests += self.values.picking.about(more)
        for name in after.keys() | frame.names.keys():
            yes, no = (names.get(name) or self.values.unknown(node.test, scope) for names in (after, frame.names))
            frame.names[name] = self.values.choice(test, yes, no, node.test, scope)
        return leaves

    def _told(self, test: bool | str | None, node: ast.expr, frame: _Frame) -> Test:
        if isinstance(test, str):
            return test
        mark = self._mark(node, frame, gettext("whether {condition}", condition=short(node)))
        self.values.picking.note(mark, node, self._scope(frame))
        return mark

    def _mark(self, node: ast.expr | ast.stmt | ast.ExceptHandler, frame: _Frame, what: str) -> Mark:
        return Mark(file=self.modules.file(frame.home.path), line=node.lineno, what=what)

    def _branch(self, body: Sequence[ast.stmt], frame: _Frame, test: Mark) -> bool:
        """Read what may run or not; names that it sets are not known afterwards. Returns whether it may be left."""
        tests, frame.tests = frame.tests, (*frame.tests, test)
        leaves = self._walk(body, frame) or len(frame.tests) > len(tests) + 1
        frame.tests = tests
        self._forget(body, frame)
        return leaves

    def _forget(self, body: Sequence[ast.stmt], frame: _Frame) -> None:
        """Take nothing as known of the names that statements set."""
        scope = self._scope(frame)
        for statement in flat(body):
            for name, value in assigned(statement):
                if isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign) and statement.value is not None:
                    frame.names[name] = self.values.unknown(value or statement.value, scope)

    def _for(self, node: ast.For | ast.AsyncFor, frame: _Frame) -> None:
        self._calls(node.iter, frame)
        scope = self._scope(frame)
        rows = fold(node.iter, scope)
        self._forget(node.body, frame)
        names = [part.id for part in ast.walk(node.target) if isinstance(part, ast.Name)]
        for name in names:
            frame.names[name] = self.values.unknown(node.iter, scope)
        record = next((name for name in reversed(names) if is_record(node.body, name)), None)
        if self.conditions.loop is not None or self._silent or record is None:
            self._branch(node.body, frame, self._mark(node.iter, frame, gettext("how often this loop runs")))
            return
        frame.names[record] = RECORD
        loop = Loop(place=self._place(node, frame), rows=None, flags=flags_of(node.body, record, scope))
        tests = frame.tests  # what is true outside of the loop is not about the record, or else about all of them
        frame.tests = self.values.picking.about(tests)
        self.conditions.loop = loop
        self.values.changed.clear()
        self._walk(node.body, frame)
        self.conditions.loop = None
        self.values.changed.clear()
        frame.tests = tests
        self._forget(node.body, frame)
        loop.rows = self.values.picking.rows(rows)  # as the loop left them
        picked = loop.rows.conditions if loop.rows else ()
        left = [self._mark(one, frame, gettext("whether the loop was left here at a record before"))
                for one in ways_out(node.body)[:1]]  # fmt: skip
        loop.made = {place: replace(made, tests=(*picked, *made.tests, *left)) for place, made in loop.made.items()}
        if loop.made:
            self.loops.append(loop)

    # Calls

    def _calls(self, expression: ast.expr, frame: _Frame) -> None:
        """Note what the calls within an expression do."""
        for node in ast.walk(expression):
            if isinstance(node, ast.Call):
                self._changes(node, frame)
                if not self._silent:
                    self._call(node, frame)

    def _changes(self, node: ast.Call, frame: _Frame) -> None:
        """Note what a call changes of the records that it is given, or called on."""
        scope = self._scope(frame)
        found = defined(node, scope)
        names = [item for item in (*node.args, *(item.value for item in node.keywords)) if isinstance(item, ast.Name)]
        if isinstance(node.func, ast.Attribute) and node.func.attr in CHANGES:
            names = [node.func.value] if isinstance(node.func.value, ast.Name) else []
        elif found is not None:
            if not self.makes(found) and any(self.values.picking.rows(fold(name, scope)) for name in names):
                self.returned(found, node, scope)
            return
        elif last_name(node, scope) != "next":
            return
        for name in names:
            self._change(fold(name, scope), node, scope)

    def _change(self, rows: Texts, node: ast.expr, scope: Scope) -> None:
        if self.values.picking.change(rows, node, scope):
            self._known.clear()  # what was picked of them before is picked otherwise now

    def _call(self, node: ast.Call, frame: _Frame) -> None:
        scope = self._scope(frame)
        found = defined(node, scope)
        name = last_name(node, scope)
        if name in CREATES:
            self._creation(node, name, frame)
        elif name in ("update_send_status", "save_send_status"):
            self._writing(node, scope)
        elif found is not None and found not in self._stack and len(self._stack) <= _DEEPEST:
            inner = self._called(found, node, scope)
            if self.makes(found) or RECORD in inner.names.values():
                inner.tests = frame.tests
                self._follow(found, inner)
        elif isinstance(node.func, ast.Attribute) and name in _WRITES and fold(node.func.value, scope) == RECORD:
            self.values.write(None, self.values.unknown(node, scope))

    def _creation(self, node: ast.Call, name: str, frame: _Frame) -> None:
        scope = self._scope(frame)
        given = arguments_of(node, (*MESSAGE, "contract_id", "csv_file"))
        if not given.keys() >= set(MESSAGE):
            return
        loop = self.conditions.loop
        place = self._place(node, frame)
        if loop is None:
            self.outside.append(place)
            return
        task_type, recipient, text = (fold(given[item], scope) for item in MESSAGE)
        loop.made[place] = Made(place=place, task_type=task_type, recipient=recipient, text=text, tests=frame.tests)
        if name == "create_task_with_contract_id" and "contract_id" in given:
            loop.keys.append(fold(given["contract_id"], scope))

    def _writing(self, node: ast.Call, scope: Scope) -> None:
        loop = self.conditions.loop
        given = arguments_of(node, ("filename", "_id", "status"))
        if not given:
            return
        file = plain(fold(next(iter(given.values())), scope))
        if loop is not None:
            loop.statuses |= {file} if file is not None else set()
            if "_id" in given and "status" in given:
                loop.keys.append(fold(given["_id"], scope))
                loop.words |= {word for word in [plain(fold(given["status"], scope))] if word is not None}
