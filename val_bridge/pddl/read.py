"""PDDL text -> `Domain`, `Problem`, `Plan`; every mistake with its place.

Read: STRIPS, typing with subtypes, `either` and constants, negative preconditions, equality. Whatever lies
outside is refused as `unsupported_feature`, never skipped. Requirements need not be declared; names must be.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import NoReturn

from val_bridge.pddl.errors import SourceError, SourceErrorKind, nearest
from val_bridge.pddl.span import Span
from val_bridge.pddl.syntax import (
    EQUALS,
    OBJECT,
    ActionSchema,
    Atom,
    Call,
    Domain,
    Literal,
    Parameter,
    Plan,
    Predicate,
    Problem,
    article,
    counted,
)
from val_bridge.pddl.tokens import NAME, TOKEN, Group, Node, Source, Word, read_tree

SUBSET = "STRIPS with types, negative preconditions and equality"

REQUIREMENTS = frozenset(
    ":strips :typing :negative-preconditions :disjunctive-preconditions :equality :existential-preconditions"
    " :universal-preconditions :quantified-preconditions :conditional-effects :fluents :numeric-fluents"
    " :object-fluents :adl :durative-actions :duration-inequalities :continuous-effects :derived-predicates"
    " :domain-axioms :timed-initial-literals :timed-effects :preferences :constraints :action-costs"
    " :goal-utilities :time :universal-effects :open-world :true-negation :safety-constraints :ucpop".split()
)
_CONDITIONS = frozenset("or imply exists forall preference always sometime within < > <= >=".split())
_EFFECTS = frozenset("when forall oneof probabilistic assign increase decrease scale-up scale-down".split())
_RESERVED = frozenset("and or not imply exists forall when either".split())
_DOMAIN_SECTIONS = (":requirements", ":types", ":constants", ":predicates", ":functions", ":action")
_DOMAIN_UNSUPPORTED = frozenset(
    ":durative-action :derived :axiom :constraints :process :event :method :task :sensing-action".split()
)
_PROBLEM_SECTIONS = (":domain", ":requirements", ":objects", ":init", ":goal")
_PROBLEM_UNSUPPORTED = frozenset((":metric", ":constraints", ":length", ":htn"))
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)\Z")


def read_domain(text: str, file: str | None = None) -> Domain:
    """Raises SourceError: domain_syntax, domain_semantic or unsupported_feature."""
    return _DomainReader(Source(text, file or "<domain>"), "domain_syntax", "domain_semantic").domain()


def read_problem(text: str, domain: Domain, file: str | None = None) -> Problem:
    """Raises SourceError: problem_syntax, problem_semantic or unsupported_feature."""
    return _ProblemReader(Source(text, file or "<problem>"), "problem_syntax", "problem_semantic").problem(
        domain
    )


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
        before = data[: error.start].decode("utf-8-sig")
        span = Source(before, str(path)).span(len(before), len(before) + 1)
        raise SourceError(kind, span, "text in UTF-8", f"byte 0x{data[error.start]:02x}") from None


class _Reader:
    """What domains and problems have in common: names, typed lists, conjunctions of literals."""

    def __init__(self, source: Source, syntax: SourceErrorKind, semantic: SourceErrorKind) -> None:
        self.source = source
        self.syntax_kind = syntax
        self.semantic_kind = semantic
        # Where this text declares its objects and the variables of the present action.
        self.places: dict[str, Word] = {}
        # Whether a term of some types may stand where others are wanted; large problems ask it often.
        self.fitting: dict[tuple[tuple[str, ...], tuple[str, ...]], bool] = {}

    # Failing

    def span(self, node: Node) -> Span:
        return self.source.span(node.start, node.end)

    def quote(self, node: Node) -> str:
        return self.source.quote(node.start, node.end)

    def syntax(self, node: Node, expected: str, found: str = "", hint: str = "") -> NoReturn:
        raise SourceError(self.syntax_kind, self.span(node), expected, found or self.quote(node), hint)

    def semantic(self, node: Node, expected: str, found: str = "", hint: str = "") -> NoReturn:
        raise SourceError(self.semantic_kind, self.span(node), expected, found or self.quote(node), hint)

    def unsupported(self, node: Node, construct: str) -> NoReturn:
        raise SourceError("unsupported_feature", self.span(node), SUBSET, construct)

    def unknown(self, node: Node, what: str, names: Iterable[str]) -> NoReturn:
        hint = nearest(node.text, names) if isinstance(node, Word) else ""
        self.semantic(node, f"a declared {what}", hint=hint)

    # Pieces

    def name(self, node: Node, what: str) -> str:
        if not isinstance(node, Word) or not NAME.fullmatch(self.source.text, node.start, node.end):
            self.syntax(node, f"the name of {article(what)}")
        if what == "predicate" and node.text in _RESERVED:
            self.syntax(node, "the name of a predicate", f"the reserved word '{node.text}'")
        return node.text

    def variable(self, node: Node) -> str:
        if not isinstance(node, Word) or node.text[0] != "?":
            self.syntax(node, "a variable, '?' and a name")
        if not NAME.fullmatch(self.source.text, node.start + 1, node.end):
            self.syntax(node, "a variable, '?' and a name")
        return node.text

    def group(self, node: Node, expected: str) -> Group:
        if not isinstance(node, Group):
            self.syntax(node, expected)
        return node

    def header(self, tree: Group, what: str) -> tuple[Word, list[Node]]:
        """The name in `(define (what name) ...)` and the sections that follow."""
        if tree.head != "define":
            self.syntax(tree.items[0] if tree.items else tree, "'define'")
        expected = f"'({what} name)'"
        if len(tree.items) < 2:
            self.syntax(tree, expected)
        title = self.group(tree.items[1], expected)
        name = title.items[-1] if title.head == what and len(title.items) == 2 else None
        if not isinstance(name, Word):
            self.syntax(title, expected)
        return name, tree.items[2:]

    def sections(
        self, nodes: list[Node], known: Collection[str], unsupported: Collection[str], many: str = ""
    ) -> Iterator[tuple[str, Group]]:
        """Keyword and group of each section; each may come once, but for `many`."""
        seen: set[str] = set()
        for node in nodes:
            section = self.group(node, "a section, '(:keyword ...)'")
            key = section.head
            first = section.items[0] if section.items else section
            if key in unsupported:
                self.unsupported(first, f"the section '{key}'")
            if key not in known:
                self.syntax(first, f"one of {' '.join(known)}", hint=nearest(key, known))
            if key in seen and key != many:
                self.syntax(first, f"one section '{key}'", f"a second '{key}'")
            seen.add(key)
            yield key, section

    def requirements(self, section: Group) -> tuple[str, ...]:
        for node in section.items[1:]:
            if not isinstance(node, Word) or node.text[0] != ":":
                self.syntax(node, "a requirement such as ':strips'")
            if node.text not in REQUIREMENTS:
                self.unknown(node, "requirement", REQUIREMENTS)
        return tuple(node.text for node in section.items[1:] if isinstance(node, Word))

    def typed_list(self, nodes: list[Node], what: str) -> Iterator[tuple[Word, tuple[Word, ...]]]:
        """Each word of `a b - t c - (either u v) d`, with the words of its types (none if it has no type)."""
        waiting: list[Word] = []
        rest = iter(nodes)
        for node in rest:
            if not isinstance(node, Word):
                self.syntax(node, f"the name of {article(what)}")
            if node.text != "-":
                waiting.append(node)
                continue
            if not waiting:
                self.syntax(node, f"the name of {article(what)} before '-'")
            kind = next(rest, None)
            if kind is None:
                self.syntax(node, "a type after '-'", "the end of the list")
            types = (kind,) if isinstance(kind, Word) else self.either(kind)
            for word in waiting:
                yield word, types
            waiting = []
        for word in waiting:
            yield word, ()

    def either(self, node: Group) -> tuple[Word, ...]:
        if node.head != "either" or len(node.items) < 2:
            self.syntax(node, "a type or '(either type type ...)'")
        return tuple(item for item in node.items[1:] if self.name(item, "type") and isinstance(item, Word))

    def types(self, domain: Domain, words: tuple[Word, ...]) -> tuple[str, ...]:
        for word in words:
            if self.name(word, "type") != OBJECT and word.text not in domain.types:
                self.unknown(word, "type", [OBJECT, *domain.types])
        return tuple(dict.fromkeys(word.text for word in words)) or (OBJECT,)

    def objects(self, nodes: list[Node], domain: Domain, what: str) -> dict[str, str]:
        found: dict[str, str] = {}
        for word, words in self.typed_list(nodes, what):
            name = self.name(word, what)
            types = self.types(domain, words)
            if len(types) > 1:
                self.unsupported(words[0], f"'either' as the type of the {what} '{name}'")
            if name in found:
                self.semantic(word, f"each {what} once", f"a second '{name}'")
            if domain.constants.get(name, types[0]) != types[0]:
                self.semantic(
                    word,
                    f"'{name}' to be {article(domain.constants[name])}, as the constant",
                    article(types[0]),
                )
            found[name] = types[0]
            self.places[name] = word
        return found

    def parameters(self, nodes: list[Node], domain: Domain) -> tuple[Parameter, ...]:
        found: dict[str, Parameter] = {}
        for word, words in self.typed_list(nodes, "variable"):
            name = self.variable(word)
            if name in found:
                self.semantic(word, "each variable once", f"a second '{name}'")
            self.places[name] = word
            found[name] = Parameter(name=name, types=self.types(domain, words), span=self.span(word))
        return tuple(found.values())

    def literals(
        self,
        node: Node,
        domain: Domain,
        scope: dict[str, tuple[str, ...]],
        unsupported: Collection[str],
        where: str,
        equality: bool,
    ) -> tuple[Literal, ...]:
        """The literals of a conjunction, in the text's order. `scope` has the types of what may be named."""
        found: list[Literal] = []
        waiting: list[tuple[Node, bool]] = [(node, True)]
        while waiting:
            item, positive = waiting.pop()
            formula = self.group(item, f"a formula in {where}")
            head = formula.head
            if head == "and" or not formula.items:
                if not positive:
                    self.unsupported(formula, f"a negated conjunction in {where}")
                waiting.extend((part, True) for part in reversed(formula.items[1:]))
            elif head == "not":
                if len(formula.items) != 2:
                    self.syntax(formula, "one formula after 'not'", f"{len(formula.items) - 1}")
                waiting.append((formula.items[1], not positive))
            elif head in unsupported and head not in domain.predicates:
                self.unsupported(formula, f"'{head}' in {where}")
            else:
                equation = equality and head == EQUALS
                atom = self.equation(formula, scope) if equation else self.atom(formula, domain, scope)
                found.append(Literal(atom=atom, positive=positive, span=self.span(formula)))
        return tuple(found)

    def equation(self, node: Group, scope: dict[str, tuple[str, ...]]) -> Atom:
        if len(node.items) != 3:
            self.syntax(node, "two terms after '='", f"{len(node.items) - 1}")
        if any(isinstance(item, Group) or _NUMBER.match(item.text) for item in node.items[1:]):
            self.unsupported(node, "a comparison of functions")
        return (EQUALS, *(self.term(item, scope) for item in node.items[1:]))

    def term(self, node: Node, scope: dict[str, tuple[str, ...]]) -> str:
        if not isinstance(node, Word):
            self.syntax(node, "a term")
        if node.text not in scope:
            if node.text[0] == "?":
                self.variable(node)
                self.unknown(node, "variable", scope)
            self.name(node, "object")
            self.unknown(node, "object", scope)
        return node.text

    def atom(self, node: Group, domain: Domain, scope: dict[str, tuple[str, ...]]) -> Atom:
        items = node.items
        predicate = domain.predicates.get(node.head)
        if predicate is None:
            first = items[0] if items else node
            self.name(first, "predicate")
            self.unknown(first, "predicate", domain.predicates)
        if len(items) - 1 != predicate.arity:
            self.semantic(node, counted(predicate.parameters), f"{len(items) - 1} in {self.quote(node)}")
        atom = [node.head]
        for item, parameter in zip(items[1:], predicate.parameters, strict=True):
            term = self.term(item, scope)
            types = scope[term]
            fits = self.fitting.get((types, parameter.types))
            if fits is None:
                fits = all(domain.fits(kind, parameter) for kind in types)
                self.fitting[types, parameter.types] = fits
            if not fits:
                place = self.span(self.places[term]) if term in self.places else None
                declared = f", declared at {place.line}:{place.column}" if place else ""
                self.semantic(item, article(*parameter.types), f"'{term}' ({article(*types)}{declared})")
            atom.append(term)
        return tuple(atom)


class _DomainReader(_Reader):
    def domain(self) -> Domain:
        title, nodes = self.header(read_tree(self.source, self.syntax_kind), "domain")
        sections: dict[str, Group] = {}
        actions: list[Group] = []
        for key, section in self.sections(nodes, _DOMAIN_SECTIONS, _DOMAIN_UNSUPPORTED, many=":action"):
            if key == ":action":
                actions.append(section)
            else:
                sections[key] = section
        if ":functions" in sections and len(sections[":functions"].items) > 1:
            self.unsupported(sections[":functions"].items[0], "the section ':functions'")
        requirements = self.requirements(sections[":requirements"]) if ":requirements" in sections else ()
        # Sections may come in any order, so each is read once what it may name is known.
        domain = Domain(name=self.name(title, "domain"), requirements=requirements)
        if ":types" in sections:
            domain.types.update(self.hierarchy(sections[":types"]))
        if ":constants" in sections:
            domain.constants.update(self.objects(sections[":constants"].items[1:], domain, "constant"))
        for node in sections[":predicates"].items[1:] if ":predicates" in sections else ():
            predicate = self.predicate(node, domain)
            domain.predicates[predicate.name] = predicate
        for node in actions:
            schema = self.action(node, domain)
            domain.actions[schema.name] = schema
        return domain

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

    def action(self, section: Group, domain: Domain) -> ActionSchema:
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
        scope = {constant: (kind,) for constant, kind in domain.constants.items()}
        scope |= {parameter.name: parameter.types for parameter in parameters}
        precondition: tuple[Literal, ...] = ()
        if ":precondition" in parts:
            where = f"the precondition of '{name}'"
            precondition = self.literals(
                parts[":precondition"], domain, scope, _CONDITIONS, where, equality=True
            )
        effect: tuple[Literal, ...] = ()
        if ":effect" in parts:
            where = f"the effect of '{name}'"
            effect = self.literals(parts[":effect"], domain, scope, _EFFECTS, where, equality=False)
        return ActionSchema(
            name=name,
            parameters=parameters,
            precondition=precondition,
            effect=effect,
            span=self.span(section),
        )


class _ProblemReader(_Reader):
    def problem(self, domain: Domain) -> Problem:
        tree = read_tree(self.source, self.syntax_kind)
        # Published problems are called all sorts of things, and nothing depends on it: any word will do.
        name, nodes = self.header(tree, "problem")
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
        return Problem(
            name=name.text,
            domain_name=domain.name,
            objects=objects,
            initial=self.initial(sections[":init"].items[1:], domain, scope),
            goal=self.literals(goal.items[1], domain, scope, _CONDITIONS, "the goal", equality=True),
        )

    def initial(
        self, nodes: list[Node], domain: Domain, scope: dict[str, tuple[str, ...]]
    ) -> frozenset[Atom]:
        true: set[Atom] = set()
        false: dict[Atom, Node] = {}
        for node in nodes:
            fact = self.group(node, "a fact, '(predicate object ...)'")
            if fact.head == EQUALS:
                self.unsupported(fact, "the value of a function in the initial state")
            time = fact.items[1] if fact.head == "at" and len(fact.items) > 1 else None
            if isinstance(time, Word) and _NUMBER.match(time.text):
                self.unsupported(fact, "a timed initial literal")
            if fact.head == "not":
                if len(fact.items) != 2:
                    self.syntax(fact, "one fact after 'not'", f"{len(fact.items) - 1}")
                false[self.atom(self.group(fact.items[1], "a fact after 'not'"), domain, scope)] = fact
            else:
                true.add(self.atom(fact, domain, scope))
        for atom, node in false.items():
            if atom in true:
                self.semantic(node, "each fact true or false", "one that is both")
        return frozenset(true)


_STAMP = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(:?)\Z")
_DURATION = re.compile(r"\[(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)\]\Z")


def read_plan(text: str, file: str | None = None) -> Plan:
    """A plan: `(name object ...)`, any number of them, with `;` comments and nothing else.

    Each call may have a time stamp, `0.001: (name object ...) [1]`; then all have one, and times increase.
    Raises SourceError of kind plan_syntax. An empty text is an empty plan; prose is not.
    """
    return _PlanReader(Source(text, file or "<plan>")).plan()


class _PlanReader:
    def __init__(self, source: Source) -> None:
        self.source = source
        self._rest = (match for match in TOKEN.finditer(source.text) if match[0][0] != ";")
        self.token = next(self._rest, None)

    def plan(self) -> Plan:
        calls: list[Call] = []
        last: float | None = None
        while self.token is not None:
            token = self.token
            time = None if token[0] == "(" else self.time(token)
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
        if self.token is None or self.token[0] != "(":
            self.fail("'(action object ...)'", self.token)
        start = self.token.start()
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
        found = self.source.quote(start, stop) if token else "the end of the text"
        raise SourceError("plan_syntax", self.source.span(start, stop), expected, found)


def read_atom(text: str) -> Atom:
    """`(on a b)` -> `("on", "a", "b")`. Raises SourceError of kind plan_syntax."""
    reader = _PlanReader(Source(text, "<atom>"))
    call = reader.call()
    if reader.token is not None:
        reader.fail("nothing after ')'", reader.token)
    return (call.name, *call.arguments)
