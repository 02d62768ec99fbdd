"""Small worlds: untyped Blocksworld, a typed delivery with every feature of STRIPS, and a truck with fuel."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.conftest import Need
from val_bridge import Task, read_task
from val_bridge.dialect.binary import Val, ValNotFound, find_val

BLOCKS_DOMAIN = """(define (domain blocks)
  (:requirements :strips)
  (:predicates (clear ?x) (ontable ?x) (handempty) (holding ?x) (on ?x ?y))
  (:action pick-up :parameters (?ob)
    :precondition (and (clear ?ob) (ontable ?ob) (handempty))
    :effect (and (holding ?ob) (not (clear ?ob)) (not (ontable ?ob)) (not (handempty))))
  (:action put-down :parameters (?ob)
    :precondition (holding ?ob)
    :effect (and (clear ?ob) (handempty) (ontable ?ob) (not (holding ?ob))))
  (:action stack :parameters (?ob ?underob)
    :precondition (and (clear ?underob) (holding ?ob))
    :effect (and (handempty) (clear ?ob) (on ?ob ?underob) (not (clear ?underob)) (not (holding ?ob))))
  (:action unstack :parameters (?ob ?underob)
    :precondition (and (on ?ob ?underob) (clear ?ob) (handempty))
    :effect (and (holding ?ob) (clear ?underob)
                 (not (on ?ob ?underob)) (not (clear ?ob)) (not (handempty)))))
"""

BLOCKS_PROBLEM = """(define (problem swap)
  (:domain blocks)
  (:objects a b c)
  (:init (ontable a) (on b a) (clear b) (ontable c) (clear c) (handempty))
  (:goal (and (on a b) (on b c))))
"""

DELIVERY_DOMAIN = """(define (domain delivery)
  (:requirements :strips :typing :negative-preconditions :equality)
  (:types truck drone - vehicle
          vehicle parcel - movable
          movable place)
  (:constants hub - place)
  (:predicates (at ?m - movable ?p - place) (in ?m - parcel ?v - vehicle) (road ?a ?b - place)
               (broken ?v - vehicle) (sealed ?x - (either parcel place)) (night))
  (:action go :parameters (?v - truck ?a ?b - place)
    :precondition (and (at ?v ?a) (road ?a ?b) (not (= ?a ?b)) (not (broken ?v)))
    :effect (and (not (at ?v ?a)) (at ?v ?b)))
  (:action fly :parameters (?v - drone ?a - place)
    :precondition (and (at ?v ?a) (not (sealed ?a)))
    :effect (and (not (at ?v ?a)) (at ?v hub) (broken ?v)))
  (:action load :parameters (?m - parcel ?v - vehicle ?p - place)
    :precondition (and (at ?m ?p) (at ?v ?p) (not (sealed ?m)))
    :effect (and (not (at ?m ?p)) (in ?m ?v)))
  (:action drop :parameters (?m - parcel ?v - vehicle ?p - place)
    :precondition (and (in ?m ?v) (at ?v ?p))
    :effect (and (not (in ?m ?v)) (at ?m ?p)))
  (:action circle :parameters (?v - vehicle ?p - place)
    :precondition (at ?v ?p)
    :effect (and (at ?v ?p) (not (at ?v ?p))))
  (:action seal :parameters (?x - (either parcel place))
    :effect (sealed ?x))
  (:action rename :parameters (?a ?b - parcel)
    :precondition (= ?a ?b)
    :effect (and)))
"""

DELIVERY_PROBLEM = """(define (problem one-parcel)
  (:domain delivery)
  (:objects t - truck d - drone p - parcel l1 l2 - place)
  (:init (at t l1) (at d l1) (at p l1) (road l1 l2) (road l2 hub) (road l1 l1))
  (:goal (and (at p hub) (not (broken t)))))
"""


FUEL_DOMAIN = """(define (domain fuel)
  (:functions (fuel ?t))
  (:action drive :parameters (?t)
    :precondition (>= (fuel ?t) 1)
    :effect (and (decrease (fuel ?t) 1) (when (< (fuel ?t) 2) (assign (fuel ?t) 0)))))
"""

FUEL_PROBLEM = """(define (problem last-drop) (:domain fuel)
  (:objects a b) (:init (= (fuel a) 1)) (:goal (= (fuel a) 0)))
"""


@dataclass(frozen=True, kw_only=True)
class Texts:
    domain: str
    problem: str

    @property
    def task(self) -> Task:
        """A task of its own, so that nothing is kept from another test."""
        return read_task(self.domain, self.problem)


@pytest.fixture(scope="session")
def blocks() -> Texts:
    return Texts(domain=BLOCKS_DOMAIN, problem=BLOCKS_PROBLEM)


@pytest.fixture(scope="session")
def delivery() -> Texts:
    return Texts(domain=DELIVERY_DOMAIN, problem=DELIVERY_PROBLEM)


@pytest.fixture(scope="session")
def fuel() -> Texts:
    return Texts(domain=FUEL_DOMAIN, problem=FUEL_PROBLEM)


@pytest.fixture(scope="session")
def worlds(blocks: Texts, delivery: Texts) -> tuple[Texts, ...]:
    """Every small world of STRIPS, for the laws that hold in all of them."""
    return (blocks, delivery)


@pytest.fixture(scope="session")
def val(need: Need) -> Val:
    """The real VAL."""
    try:
        return find_val()
    except ValNotFound as error:
        need("val", str(error))
        raise
