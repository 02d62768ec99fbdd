(define (domain haul)
  (:requirements :adl :fluents :action-costs)
  (:types truck place - object)
  (:constants depot - place)
  (:predicates (at ?t - truck ?p - place) (loaded ?t - truck) (road ?p ?q - place))
  (:functions (fuel ?t - truck) (way ?p ?q - place) (load ?t - truck) (limit) (total-cost))
  (:action drive
    :parameters (?t - truck ?p ?q - place)
    :precondition (and (at ?t ?p) (road ?p ?q) (>= (fuel ?t) (* 2 (way ?p ?q))))
    :effect (and (not (at ?t ?p)) (at ?t ?q)
                 (decrease (fuel ?t) (* 2 (way ?p ?q)))
                 (increase (total-cost) (+ (way ?p ?q) (/ (load ?t) 3)))
                 (when (loaded ?t) (and (increase (total-cost) 1)))))
  (:action fill
    :parameters (?t - truck)
    :precondition (or (< (fuel ?t) (/ (limit) 4)) (not (<= (load ?t) (- (limit) 2.5))))
    :effect (and (assign (fuel ?t) (limit))
                 (forall (?o - truck) (when (and (> (fuel ?o) (limit)) (at ?o depot)) (and (scale-down (fuel ?o) 2))))))
  (:action stow
    :parameters (?t - truck)
    :precondition (and (= (load ?t) 0))
    :effect (and (loaded ?t) (assign (load ?t) 7.25) (when (loaded ?t) (and (scale-up (load ?t) 2)))))
  (:action weigh
    :parameters (?t - truck)
    :precondition (and)
    :effect (and (increase (load ?t) 1) (when (loaded ?t) (and (assign (load ?t) 0)))))
  (:action swap
    :parameters (?t - truck)
    :precondition (and)
    :effect (and (assign (load ?t) 1) (loaded ?t) (increase (load ?t) 1)))
  (:action measure
    :parameters (?p ?q - place)
    :precondition (and (> (way ?p ?q) 0))
    :effect (and (road ?p ?q))))
