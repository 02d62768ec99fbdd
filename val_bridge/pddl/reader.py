"""What the readers of domains and problems have in common: failing with a place, names, typed lists, atoms."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NoReturn

from val_bridge.pddl.errors import SourceError, SourceErrorKind, nearest
from val_bridge.pddl.span import Span
from val_bridge.pddl.syntax import OBJECT, Atom, Domain, Function, Parameter, Predicate, article, counted
from val_bridge.pddl.tokens import NAME, Group, Leaf, Node, Source, Word

LANGUAGE = "PDDL with conditional effects, quantifiers, axioms and numbers, but without time"

REQUIREMENTS = frozenset(
    ":strips :typing :negative-preconditions :disjunctive-preconditions :equality :existential-preconditions"
    " :universal-preconditions :quantified-preconditions :conditional-effects :fluents :numeric-fluents"
    " :object-fluents :adl :durative-actions :duration-inequalities :continuous-effects :derived-predicates"
    " :domain-axioms :timed-initial-literals :timed-effects :preferences :constraints :action-costs"
    " :goal-utilities :time :universal-effects :open-world :true-negation :safety-constraints :ucpop".split()
)
RESERVED = frozenset("and or not imply exists forall when either".split())

ANYTHING = (OBJECT,)
"""The types of what has none."""

Scope = dict[str, tuple[str, ...]]
"""The types of each object and constant that may be named."""


class Reader:
    """What domains and problems have in common: names, typed lists, atoms."""

    def __init__(self, source: Source, syntax: SourceErrorKind, semantic: SourceErrorKind) -> None:
        self.source = source
        self.syntax_kind = syntax
        self.semantic_kind = semantic
        # Where this text declares its objects and the variables of the present action.
        self.places: dict[str, Word] = {}
        # The variables that may be named at present: the name that each stands for, and its types.
        self.variables: dict[str, tuple[str, tuple[str, ...]]] = {}
        # The names that those stand for.
        self.taken: set[str] = set()
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
        raise SourceError("unsupported_feature", self.span(node), LANGUAGE, construct)

    def unknown(self, node: Node, what: str, names: Iterable[str]) -> NoReturn:
        hint = nearest(node.text, names) if isinstance(node, Word) else ""
        self.semantic(node, f"a declared {what}", hint=hint)

    # Pieces

    def name(self, node: Node, what: str) -> str:
        if not isinstance(node, Word) or not NAME.fullmatch(self.source.text, node.start, node.end):
            self.syntax(node, f"the name of {article(what)}")
        if what == "predicate" and node.text in RESERVED:
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
        self,
        nodes: list[Node],
        known: Collection[str],
        unsupported: Collection[str],
        many: Collection[str] = (),
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
            if key in seen and key not in many:
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
        if not words:
            return ANYTHING
        for word in words:
            if self.name(word, "type") != OBJECT and word.text not in domain.types:
                self.unknown(word, "type", [OBJECT, *domain.types])
        return tuple(dict.fromkeys([word.text for word in words]))

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
            types = self.types(domain, words) if words else ANYTHING
            found[name] = Parameter(name=name, types=types, span=self.source.span(word.start, word.end))
        return tuple(found.values())

    def term(self, node: Node, scope: Scope) -> tuple[str, tuple[str, ...]]:
        """The name that a term stands for, and its types."""
        if not isinstance(node, Word):
            self.syntax(node, "a term")
        if node.text[0] == "?":
            declared = self.variables.get(node.text)
            if declared is None:
                self.variable(node)
                self.unknown(node, "variable", self.variables)
            return declared
        if node.text not in scope:
            self.name(node, "object")
            self.unknown(node, "object", scope)
        return node.text, scope[node.text]

    def atom(self, node: Group, domain: Domain, scope: Scope) -> Atom:
        return self.application(node, "predicate", domain.predicates, domain, scope)

    def application(
        self,
        node: Group,
        what: str,
        declared: Mapping[str, Predicate] | Mapping[str, Function],
        domain: Domain,
        scope: Scope,
    ) -> Atom:
        """A declared predicate or function with terms that fit its parameters."""
        if isinstance(node, Leaf):
            atom = self._plain_application(node.words, declared, domain, scope)
            if atom is not None:
                return atom
        items, head = node.items, node.head
        symbol = declared.get(head)
        if symbol is None:
            first = items[0] if items else node
            self.name(first, what)
            self.unknown(first, what, declared)
        if len(items) - 1 != len(symbol.parameters):
            self.semantic(node, counted(symbol.parameters), f"{len(items) - 1} in {self.quote(node)}")
        atom = [head]
        for item, parameter in zip(items[1:], symbol.parameters, strict=True):
            term, types = self.term(item, scope)
            if not self.fits(types, parameter, domain):
                word = item.text if isinstance(item, Word) else term
                place = self.span(self.places[word]) if word in self.places else None
                declared = f", declared at {place.line}:{place.column}" if place else ""
                self.semantic(item, article(*parameter.types), f"'{word}' ({article(*types)}{declared})")
            atom.append(term)
        return tuple(atom)

    def _plain_application(
        self,
        words: list[str],
        declared: Mapping[str, Predicate] | Mapping[str, Function],
        domain: Domain,
        scope: Scope,
    ) -> Atom | None:
        """As `application`, of words without places; None if anything is wrong, which is then looked for with them."""
        symbol = declared.get(words[0]) if words else None
        if symbol is None or len(words) - 1 != len(symbol.parameters):
            return None
        terms = words
        for index, parameter in enumerate(symbol.parameters, 1):
            types = scope.get(words[index])
            if types is None:
                variable = self.variables.get(words[index])
                if variable is None:
                    return None
                if terms is words:
                    terms = words.copy()
                terms[index], types = variable
            if types != parameter.types and not self.fits(types, parameter, domain):
                return None
        return tuple(terms)

    def fits(self, types: tuple[str, ...], parameter: Parameter, domain: Domain) -> bool:
        """Whether a term of these types may stand for the parameter; worked out once."""
        key = types, parameter.types
        fits = self.fitting.get(key)
        if fits is None:
            fits = self.fitting[key] = all(domain.fits(kind, parameter) for kind in types)
        return fits
