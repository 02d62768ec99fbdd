"""Texts that nothing can be done with in time."""

from __future__ import annotations

HANGS = {
    "domain": "(define (domain d) (:predicates (p ?a) (g)) (:action go :parameters (?a ?b ?c ?d ?e)"
    " :precondition (and (p ?a) (p ?b) (p ?c) (p ?d) (p ?e)) :effect (g)))",
    "problem": "(define (problem q) (:domain d) (:objects {0}) (:init {1}) (:goal (g)))".format(
        " ".join(f"o{n}" for n in range(60)), " ".join(f"(p o{n})" for n in range(60))
    ),
}
"""To /options and /show: 777,600,000 actions, minutes and all memory."""
