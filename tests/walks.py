"""Tasks with a known true chain, for every carried domain and one small typed domain: no planner is needed.

A walk takes random applicable actions to states that it has not seen; what it changed becomes the goal.
"""

from __future__ import annotations

import random
from dataclasses import replace

from planlearn.problems import DOMAINS, get_generator, load_named_domain
from val_bridge import Chain, Domain, Literal, Problem, Task, execute, progress, read_domain, read_problem

SIZES = {"blocksworld": "4", "mystery_blocksworld": "5", "logistics": "c2-s2-p2-a1", "depots": "d2-r1-t1-c2"}

# Types with a subtype, negative preconditions and goals, an action that deletes what it does not need.
GRIPPER = """
(define (domain gripper) (:requirements :typing :negative-preconditions)
  (:types ball room tool - object gripper - tool)
  (:predicates (in ?b - ball ?r - room) (robot ?r - room) (busy ?g - gripper) (hold ?b - ball ?g - gripper)
               (door ?a ?b - room) (dusty ?r - room))
  (:action go :parameters (?from ?to - room)
   :precondition (and (robot ?from) (door ?from ?to) (not (robot ?to)))
   :effect (and (robot ?to) (not (robot ?from))))
  (:action pick :parameters (?b - ball ?r - room ?g - gripper)
   :precondition (and (in ?b ?r) (robot ?r) (not (busy ?g)))
   :effect (and (hold ?b ?g) (busy ?g) (not (in ?b ?r)) (not (dusty ?r))))
  (:action drop :parameters (?b - ball ?r - room ?g - gripper)
   :precondition (and (hold ?b ?g) (robot ?r))
   :effect (and (in ?b ?r) (not (hold ?b ?g)) (not (busy ?g)))))
"""
ROOMS = """
(define (problem rooms) (:domain gripper)
  (:objects b1 b2 b3 - ball kitchen hall attic - room left-hand right-hand - gripper)
  (:init (robot hall) (in b1 hall) (in b2 attic) (in b3 kitchen) (dusty hall) (dusty attic)
         (door hall kitchen) (door kitchen hall) (door hall attic) (door attic hall))
  (:goal (in b1 kitchen)))
"""
NAMES = (*sorted(DOMAINS), "gripper")


def drawn(name: str, rng: random.Random) -> tuple[Domain, Problem]:
    """A problem of the domain; gripper always has the same one."""
    if name == "gripper":
        domain = read_domain(GRIPPER)
        return domain, read_problem(ROOMS, domain)
    domain = load_named_domain(name)
    return domain, read_problem(get_generator(name).generate(rng, SIZES[name]).problem_text, domain)


def walk(name: str, seed: int, steps: int = 6) -> tuple[Task, Chain]:
    """A task and a chain of at most `steps` steps, at least one, that reaches its goals, at least one."""
    rng = random.Random(f"{name} {seed}")
    domain, problem = drawn(name, rng)
    task = Task(domain, problem)
    state, seen, actions = task.initial, {task.initial}, []
    while len(actions) < steps:
        ways = [a for a in task.applicable_actions(state) if progress(state, a) not in seen]
        if not ways:
            break
        actions.append(rng.choice(ways))
        state = progress(state, actions[-1])
        seen.add(state)
    goal = [Literal(atom=atom) for atom in sorted(state - task.initial)]
    if name == "gripper":
        goal += [Literal(atom=atom, positive=False) for atom in sorted(task.initial - state)]
    task = Task(domain, replace(problem, goal=tuple(goal[:3]) + tuple(goal[-1:])))
    return task, execute(task, actions)
