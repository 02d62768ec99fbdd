; Depots: hoists stack crates on pallets, trucks carry them between places. Logistics and Blocksworld in one.
(define (domain depots)
  (:requirements :strips :typing)

  (:types
    place locatable - object
    depot distributor - place
    truck hoist surface - locatable
    pallet crate - surface)

  (:predicates
    (at ?x - locatable ?y - place)      ; of a crate: it stands there, neither lifted nor in a truck
    (on ?x - crate ?y - surface)        ; ?x stands directly on ?y
    (in ?x - crate ?y - truck)
    (lifting ?x - hoist ?y - crate)
    (available ?x - hoist)              ; the hoist lifts nothing
    (clear ?x - surface))               ; nothing stands on ?x, and no hoist lifts it

  ; Starting where it ends is allowed, as in the original.
  (:action drive
    :parameters (?x - truck ?y - place ?z - place)
    :precondition (and (at ?x ?y))
    :effect (and (at ?x ?z)
                 (not (at ?x ?y))))

  ; surface -> hoist
  (:action lift
    :parameters (?x - hoist ?y - crate ?z - surface ?p - place)
    :precondition (and (on ?y ?z) (clear ?y) (at ?y ?p)
                       (available ?x) (at ?x ?p))
    :effect (and (lifting ?x ?y) (clear ?z)
                 (not (on ?y ?z)) (not (clear ?y)) (not (at ?y ?p)) (not (available ?x))))

  ; hoist -> surface
  (:action drop
    :parameters (?x - hoist ?y - crate ?z - surface ?p - place)
    :precondition (and (lifting ?x ?y) (at ?x ?p)
                       (clear ?z) (at ?z ?p))
    :effect (and (on ?y ?z) (clear ?y) (at ?y ?p) (available ?x)
                 (not (lifting ?x ?y)) (not (clear ?z))))

  ; hoist -> truck
  (:action load
    :parameters (?x - hoist ?y - crate ?z - truck ?p - place)
    :precondition (and (lifting ?x ?y) (at ?x ?p) (at ?z ?p))
    :effect (and (in ?y ?z) (available ?x)
                 (not (lifting ?x ?y))))

  ; truck -> hoist
  (:action unload
    :parameters (?x - hoist ?y - crate ?z - truck ?p - place)
    :precondition (and (in ?y ?z) (at ?z ?p)
                       (available ?x) (at ?x ?p))
    :effect (and (lifting ?x ?y)
                 (not (in ?y ?z)) (not (available ?x)))))
