"""PDDL text -> `Domain`, `Problem`, `Plan`; every mistake with its place.

Read: STRIPS, typing with subtypes, `either` and constants, equality; negation, disjunction, implication and
quantifiers in conditions; conditional and universal effects; derived predicates with stratified negation;
numeric fluents, action costs and metrics. Refused as `unsupported_feature`, never skipped: durative actions
and timed initial literals, constraints, preferences, object fluents, processes and events. Requirements need
not be declared; names must be.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path
from typing import NoReturn

from val_bridge.pddl.collecting import uncollected
from val_bridge.pddl.conditions import NUMBER, FormulaReader
from val_bridge.pddl.errors import SourceError, SourceErrorKind, nearest
from val_bridge.pddl.formula import And, Formula, Literal
from val_bridge.pddl.reader import Scope
from val_bridge.pddl.span import Span
from val_bridge.pddl.strata import Unstratified, strata
from val_bridge.pddl.syntax import (
    EQUALS,
    OBJECT,
    ActionSchema,
    Atom,
    Axiom,
    Call,
    Domain,
    Function,
    Key,
    Metric,
    Parameter,
    Plan,
    Predicate,
    Problem,
    atom_text,
    counted,
)
from val_bridge.pddl.tokens import NAME, TOKEN, Group, Node, Source, Word, read_tree

_MANY = (":action", ":derived")
_DOMAIN_SECTIONS = (
    ":requirements", ":types", ":constants", ":predicates", ":functions", ":derived", ":action",
)  # fmt: skip
_DOMAIN_UNSUPPORTED = frozenset(
    ":durative-action :axiom :constraints :process :event :method :task :sensing-action".split()
)
_PROBLEM_SECTIONS = (":domain", ":requirements", ":objects", ":init", ":goal", ":metric")
_PROBLEM_UNSUPPORTED = frozenset((":constraints", ":length", ":htn"))


@uncollected
def read_domain(text: str, file: str | None = None, *, merge: bool = True) -> Domain:
    """Raises SourceError: domain_syntax, domain_semantic or unsupported_feature.

    Without `merge` every condition is one formula, with all its conjunctions and disjunctions as they are written:
    for showing, not for judging.
    """
    reader = _DomainReader(Source(text, file or "<domain>"), "domain_syntax", "domain_semantic")
    reader.merge = merge
    return reader.read()


@uncollected
def read_problem(text: str, domain: Domain, file: str | None = None, *, merge: bool = True) -> Problem:
    """Raises SourceError: problem_syntax, problem_semantic or unsupported_feature. `merge`: as for a domain."""
    reader = _ProblemReader(Source(text, file or "<problem>"), "problem_syntax", "problem_semantic")
    reader.merge = merge
    return reader.problem(domain)


def load_domain(path: str | Path) -> Domain:
    """`read_domain` of a file. Raises OSError too."""
    return read_domain(read_utf8(path, "domain_syntax"), str(path))


def load_problem(path: str | Path, domain: Domain) -> Problem:
    """`read_problem` of a file. Raises OSError too."""
    return read_problem(read_utf8(path, "problem_syntax"), domain, str(path))


def load_plan(path: str | Path) -> Plan:
    """`read_plan` of a file. Raises OSError too."""
    return read_plan(read_utf8(path, "plan_syntax"), str(path))


def read_utf8(path: str | Path, kind: SourceErrorKind) -> str:
    """A file's text. Raises OSError, and SourceError of `kind` at the first byte that is not UTF-8."""
    data = Path(path).read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # The codec counts from behind a byte order mark.
        before = error.object[: error.start].decode("utf-8")
        span = Source(before, str(path)).span(len(before), len(before) + 1)
        raise SourceError(kind, span, "text in UTF-8", f"byte 0x{error.object[error.start]:02x}") from None


class _DomainReader(FormulaReader):
    def read(self) -> Domain:
        title, nodes = self.header(read_tree(self.source, self.syntax_kind), "domain")
        sections: dict[str, Group] = {}
        many: dict[str, list[Group]] = {key: [] for key in _MANY}
        for key, section in self.sections(nodes, _DOMAIN_SECTIONS, _DOMAIN_UNSUPPORTED, many=_MANY):
            if key in many:
                many[key].append(section)
            else:
                sections[key] = section
        requirements = self.requirements(sections[":requirements"]) if ":requirements" in sections else ()
        # Sections may come in any order, so each is read once what it may name is known.
        name = self.name(title, "domain")
        domain = self.domain = Domain(name=name, requirements=requirements, text=self.source.text)
        if ":types" in sections:
            domain.types.update(self.hierarchy(sections[":types"]))
        if ":constants" in sections:
            domain.constants.update(self.objects(sections[":constants"].items[1:], domain, "constant"))
        for node in sections[":predicates"].items[1:] if ":predicates" in sections else ():
            predicate = self.predicate(node, domain)
            domain.predicates[predicate.name] = predicate
        if ":functions" in sections:
            self.functions(sections[":functions"], domain)
        scope = {constant: (kind,) for constant, kind in domain.constants.items()}
        axioms = tuple(self.axiom(node, domain, scope) for node in many[":derived"])
        self.stratified(axioms)
        self.derived = frozenset(axiom.predicate for axiom in axioms)
        for node in many[":action"]:
            schema = self.action(node, domain, scope)
            domain.actions[schema.name] = schema
        return replace(domain, axioms=axioms) if axioms else domain

    def hierarchy(self, section: Group) -> dict[str, str]:
        parents: dict[str, str] = {}
        places: dict[str, Word] = {}
        named: list[Word] = []
        for word, words in self.typed_list(section.items[1:], "type"):
            kind = self.name(word, "type")
            if len(words) > 1:
                self.unsupported(words[0], f"'either' as the parent of the type '{kind}'")
            parent = self.name(words[0], "type") if words else OBJECT
            named.extend(words)
            if kind == OBJECT:
                if parent != OBJECT:
                    self.semantic(word, "'object' above all types", f"'object' below '{parent}'")
                continue
            # `area - object ... area - surface` says less, then more: published domains do it.
            if parents.get(kind, OBJECT) == OBJECT:
                parents[kind] = parent
            elif parent not in (OBJECT, parents[kind]):
                self.semantic(
                    word, f"'{kind}' to have one parent, '{parents[kind]}'", f"a second one, '{parent}'"
                )
            places[kind] = word
        for word in named:
            if word.text != OBJECT and word.text not in parents:
                self.unknown(word, "type", [OBJECT, *parents])
        rooted = {OBJECT}
        for kind in parents:
            path: dict[str, None] = {}
            while kind not in rooted:
                if kind in path:
                    self.semantic(places[kind], "types without a cycle", f"'{kind}' below itself")
                path[kind] = None
                kind = parents[kind]
            rooted.update(path)
        return parents

    def predicate(self, node: Node, domain: Domain) -> Predicate:
        items = self.group(node, "a predicate, '(name ?x ...)'").items
        name = self.name(items[0] if items else node, "predicate")
        if name in domain.predicates:
            self.semantic(items[0], "each predicate once", f"a second '{name}'")
        return Predicate(name=name, parameters=self.parameters(items[1:], domain), span=self.span(node))

    def functions(self, section: Group, domain: Domain) -> None:
        """Puts `(f ?x) (g) - number ...` into the domain."""
        items = section.items[1:]
        for index, node in enumerate(items):
            if isinstance(node, Word) and node.text == "-":
                kind = items[index + 1] if index + 1 < len(items) else None
                if not index or isinstance(items[index - 1], Word):
                    self.syntax(node, "a function, '(name ?x ...)', before '-'")
                if kind is None:
                    self.syntax(node, "'number' after '-'", "the end of the list")
                if not isinstance(kind, Word) or kind.text != "number":
                    self.unsupported(kind, f"functions with values of the type {self.quote(kind)}")
            elif not (isinstance(node, Word) and index and self.is_dash(items[index - 1])):
                group = self.group(node, "a function, '(name ?x ...)'")
                name = self.name(group.items[0] if group.items else group, "function")
                if name in domain.functions:
                    self.semantic(group.items[0], "each function once", f"a second '{name}'")
                domain.functions[name] = Function(
                    name=name, parameters=self.parameters(group.items[1:], domain), span=self.span(group)
                )

    def is_dash(self, node: Node) -> bool:
        return isinstance(node, Word) and node.text == "-"

    def axiom(self, section: Group, domain: Domain, scope: Scope) -> Axiom:
        if len(section.items) != 3:
            self.syntax(section, "'(:derived (predicate ?x ...) formula)'", f"{len(section.items) - 1} parts")
        head = self.group(section.items[1], "a predicate, '(name ?x ...)'")
        predicate = domain.predicates.get(head.head)
        if predicate is None:
            first = head.items[0] if head.items else head
            self.name(first, "predicate")
            self.unknown(first, "predicate", domain.predicates)
        parameters = self.parameters(head.items[1:], domain)
        if len(parameters) != predicate.arity:
            self.semantic(head, counted(predicate.parameters), f"{len(parameters)} in {self.quote(head)}")
        # A variable without a type is what the predicate says it is.
        parameters = tuple(
            replace(own, types=declared.types) if own.types == (OBJECT,) else own
            for own, declared in zip(parameters, predicate.parameters, strict=True)
        )
        self.declare(parameters)
        bare = Group(
            [head.items[0], *(w for w in head.items[1:] if self.is_variable(w))], head.start, head.end
        )
        self.atom(bare, domain, scope)
        parts = self.conjuncts(section.items[2], scope, f"the axiom of '{predicate.name}'")
        body = parts[0] if len(parts) == 1 else And(parts=parts, span=self.span(section.items[2]))
        return Axiom(predicate=predicate.name, parameters=parameters, body=body, span=self.span(section))

    def is_variable(self, node: Node) -> bool:
        return isinstance(node, Word) and node.text in self.variables

    def stratified(self, axioms: tuple[Axiom, ...]) -> None:
        try:
            strata(axioms)
        except Unstratified as error:
            span = error.literal.span
            assert span is not None
            found = f"(not {atom_text(error.literal.atom)}), from which '{error.literal.atom[0]}' is derived"
            raise SourceError(
                self.semantic_kind, span, "no predicate derived from its own negation", found
            ) from None

    def declare(self, parameters: tuple[Parameter, ...]) -> None:
        """From now on, these variables and no others may be named."""
        self.variables = {parameter.name: (parameter.name, parameter.types) for parameter in parameters}
        self.taken = set(self.variables)

    def action(self, section: Group, domain: Domain, scope: Scope) -> ActionSchema:
        items = section.items
        if len(items) < 2:
            self.syntax(section, "the name of an action")
        name = self.name(items[1], "action")
        if name in domain.actions:
            self.semantic(items[1], "each action once", f"a second '{name}'")
        parts: dict[str, Node] = {}
        keys = (":parameters", ":precondition", ":effect")
        for index in range(2, len(items), 2):
            key = items[index]
            if not isinstance(key, Word) or key.text not in keys:
                hint = nearest(key.text, keys) if isinstance(key, Word) else ""
                self.syntax(key, f"one of {' '.join(keys)}", hint=hint)
            if key.text in parts:
                self.syntax(key, f"one '{key.text}'", f"a second '{key.text}'")
            if index + 1 == len(items):
                self.syntax(key, f"'(...)' after '{key.text}'", "the end of the action")
            parts[key.text] = items[index + 1]
        parameters: tuple[Parameter, ...] = ()
        if ":parameters" in parts:
            parameters = self.parameters(self.group(parts[":parameters"], "'(?x ...)'").items, domain)
        self.declare(parameters)
        conjuncts: tuple[Formula, ...] = ()
        if ":precondition" in parts:
            conjuncts = self.conjuncts(parts[":precondition"], scope, f"the precondition of '{name}'")
        effect, numeric, conditional = (), (), ()
        if ":effect" in parts:
            effect, numeric, conditional = self.effects(parts[":effect"], scope, f"the effect of '{name}'")
        return ActionSchema(
            name=name,
            parameters=parameters,
            precondition=tuple(part for part in conjuncts if isinstance(part, Literal)),
            effect=effect,
            condition=tuple(part for part in conjuncts if not isinstance(part, Literal)),
            conditional=conditional,
            numeric=numeric,
            span=self.span(section),
        )


class _ProblemReader(FormulaReader):
    def problem(self, domain: Domain) -> Problem:
        self.domain = domain
        self.derived = domain.derived
        tree = read_tree(self.source, self.syntax_kind)
        # Published problems are called all sorts of things, and nothing depends on it: any word will do that can
        # be printed and is no keyword and no variable.
        name, nodes = self.header(tree, "problem")
        if name.text[0] in ":?" or not name.text.isprintable():
            self.syntax(name, "the name of a problem")
        sections = dict(self.sections(nodes, _PROBLEM_SECTIONS, _PROBLEM_UNSUPPORTED))
        for key in (":domain", ":init", ":goal"):
            if key not in sections:
                end = Word("", tree.end - 1, tree.end)
                self.syntax(end, f"a section '({key} ...)'", "the end of the problem")
        title = sections[":domain"]
        if len(title.items) != 2:
            self.syntax(title, "'(:domain name)'")
        if self.name(title.items[1], "domain") != domain.name:
            self.semantic(title.items[1], f"the domain '{domain.name}'")
        if ":requirements" in sections:
            self.requirements(sections[":requirements"])
        objects: dict[str, str] = {}
        if ":objects" in sections:
            objects = self.objects(sections[":objects"].items[1:], domain, "object")
        scope = {item: (kind,) for item, kind in {**domain.constants, **objects}.items()}
        goal = sections[":goal"]
        if len(goal.items) != 2:
            self.syntax(goal, "one formula in the goal", f"{len(goal.items) - 1}")
        conjuncts = self.conjuncts(goal.items[1], scope, "the goal")
        initial, values = self.initial(sections[":init"].items[1:], domain, scope)
        return Problem(
            name=name.text,
            domain_name=domain.name,
            objects=objects,
            initial=initial,
            goal=tuple(part for part in conjuncts if isinstance(part, Literal)),
            goal_condition=tuple(part for part in conjuncts if not isinstance(part, Literal)),
            values=values,
            metric=self.metric(sections[":metric"], scope) if ":metric" in sections else None,
            text=self.source.text,
        )

    def metric(self, section: Group, scope: Scope) -> Metric:
        items = section.items
        if len(items) != 3:
            self.syntax(section, "'(:metric minimize expression)'", f"{len(items) - 1} parts")
        goal = items[1]
        if not isinstance(goal, Word) or goal.text not in ("minimize", "maximize"):
            self.syntax(goal, "'minimize' or 'maximize'")
        return Metric(
            minimize=goal.text == "minimize",
            expression=self.expression(items[2], scope, "the metric", metric=True),
            span=self.span(section),
        )

    def initial(
        self, nodes: list[Node], domain: Domain, scope: Scope
    ) -> tuple[frozenset[Atom], dict[Atom, Fraction]]:
        """The atoms that are true, and the values of fluents."""
        true: set[Atom] = set()
        false: dict[Atom, Node] = {}
        values: dict[Atom, Fraction] = {}
        for node in nodes:
            fact = self.group(node, "a fact, '(predicate object ...)'")
            head = fact.head
            if head == EQUALS:
                self.value(fact, scope, values)
                continue
            if head == "at" and NUMBER.match(fact.text_at(1)):
                self.unsupported(fact, "a timed initial literal")
            negated = head == "not"
            if negated:
                if len(fact.items) != 2:
                    self.syntax(fact, "one fact after 'not'", f"{len(fact.items) - 1}")
                fact = self.group(fact.items[1], "a fact after 'not'")
            atom = self.atom(fact, domain, scope)
            if atom[0] in self.derived:
                self.semantic(fact, "facts of predicates that no axiom derives", f"one of '{atom[0]}'")
            if negated:
                false[atom] = node
            else:
                true.add(atom)
        for atom, node in false.items():
            if atom in true:
                self.semantic(node, "each fact true or false", "one that is both")
        return frozenset(true), values

    def value(self, node: Group, scope: Scope, values: dict[Atom, Fraction]) -> None:
        """Puts `(= (f a) 3)` into `values`."""
        if len(node.items) != 3:
            self.syntax(node, "'(= (function object ...) number)'", f"{len(node.items) - 1} parts")
        left, right = node.items[1:]
        fluent = self.fluent(left, scope)
        if not isinstance(right, Word) or not NUMBER.match(right.text):
            if isinstance(right, Word) and right.text in scope:
                self.unsupported(right, "an object as the value of a function")
            self.syntax(right, "a number")
        value = self.number(right)
        if values.setdefault(fluent, value) != value:
            self.semantic(node, f"one initial value of {atom_text(fluent)}", f"a second, {right.text}")


_STAMP = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(:?)\Z")
# Possessive throughout: whatever the text, one pass decides. Inside a call stands no line's end.
_BARE_PLAN = re.compile(
    rf"(?:\s*+\([ \t]*+{NAME.pattern}+(?:[ \t]++{NAME.pattern}+)*+[ \t]*+\))*+\s*+", re.ASCII
)
# Of such a text: the words of each call.
_INNER = re.compile(r"\(([^)]*+)\)")
# A call without comments in it; inside may stand lines' ends.
_CALL = re.compile(rf"\(\s*+{NAME.pattern}+(?:\s++{NAME.pattern}+)*+\s*+\)", re.ASCII)
_CALL_OR_TOKEN = re.compile(rf"{_CALL.pattern}|{TOKEN.pattern}", re.ASCII)
_DURATION = re.compile(r"\[(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)\]\Z")


@uncollected
def read_plan(text: str, file: str | None = None) -> Plan:
    """A plan: `(name object ...)`, any number of them, with `;` comments and nothing else.

    Each call may have a time stamp, `0.001: (name object ...) [1]`; then all have one, and times increase.
    Raises SourceError of kind plan_syntax. An empty text is an empty plan; prose is not.
    """
    source = Source(text, file or "<plan>")
    plan = _bare_plan(source)
    return _PlanReader(source).plan() if plan is None else plan


def _bare_plan(source: Source) -> Plan | None:
    """The plan of a text in which stand calls alone, none of them over a line's end; None for any other text.

    Nearly every plan is such a text, and to look at each token, as `_PlanReader` does, takes several times as long.
    """
    if not _BARE_PLAN.fullmatch(source.text):
        return None
    inner = _INNER.findall(source.text.lower())
    keys = tuple([(_short_key if len(words) <= _SHORT else _key)(words) for words in inner])
    return Plan.of_keys(keys, partial(_bare_places, source))


def _bare_places(source: Source, index: int) -> Iterator[Span]:
    """Where the calls of `_bare_plan` stand, from that with this index on."""
    for call in islice(_INNER.finditer(source.text), index, None):
        yield source.span(*call.span())


def _key(words: str) -> Key:
    """The call whose parentheses hold these words."""
    name, *arguments = words.split()
    return name, tuple(arguments)


# Plans for one problem repeat each other's calls; long ones are not kept.
_SHORT = 100
_short_key = lru_cache(maxsize=512)(_key)


class _PlanReader:
    """Reads a call without comments in it as one token, any other one token by token."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._rest = (match for match in _CALL_OR_TOKEN.finditer(source.text) if match[0][0] != ";")
        self.token = next(self._rest, None)

    def plan(self) -> Plan:
        calls: list[Call] = []
        last: float | None = None
        while self.token is not None:
            token = self.token
            time = None if token[0][0] == "(" else self.time(token)
            if calls and (time is None) != (last is None):
                self.fail("a time stamp for every call or for none", token)
            if time is not None and last is not None and time <= last:
                self.fail(f"a time after {last:g}", token)
            last = time
            calls.append(self.call())
            if time is not None and self.token and _DURATION.match(self.token[0]):
                self.token = next(self._rest, None)
        return Plan(calls=tuple(calls))

    def time(self, token: re.Match[str]) -> float:
        """The value of a time stamp, `0.001:` or `0.001 :`."""
        stamp = _STAMP.match(token[0])
        colon = stamp and (stamp[2] or next(self._rest, [""])[0] == ":")
        if not stamp or not colon:
            self.fail("'(action object ...)'", token)
        self.token = next(self._rest, None)
        return float(stamp[1])

    def call(self) -> Call:
        token = self.token
        if token is None or token[0][0] != "(":
            self.fail("'(action object ...)'", token)
        start, end = token.span()
        if end > start + 1:
            name, arguments = _key(token[0][1:-1].lower())
            self.token = next(self._rest, None)
            return Call(name=name, arguments=arguments, span=self.source.span(start, end))
        names: list[str] = []
        for token in self._rest:
            word = token[0]
            if word == ")" and names:
                self.token = next(self._rest, None)
                span = self.source.span(start, token.end())
                return Call(name=names[0], arguments=tuple(names[1:]), span=span)
            if not NAME.fullmatch(word):
                self.fail("the name of an object or ')'" if names else "the name of an action", token)
            names.append(word.lower())
        self.fail("')'")

    def fail(self, expected: str, token: re.Match[str] | None = None) -> NoReturn:
        end = len(self.source.text)
        start, stop = token.span() if token else (end, end)
        if token and token[0][0] == "(":
            stop = start + 1
        found = self.source.quote(start, stop) if token else "the end of the text"
        raise SourceError("plan_syntax", self.source.span(start, stop), expected, found)


def read_atom(text: str) -> Atom:
    """`(on a b)` -> `("on", "a", "b")`. Raises SourceError of kind plan_syntax."""
    if _CALL.fullmatch(text):
        return tuple(text[1:-1].lower().split())
    reader = _PlanReader(Source(text, "<atom>"))
    call = reader.call()
    if reader.token is not None:
        reader.fail("nothing after ')'", reader.token)
    return (call.name, *call.arguments)
