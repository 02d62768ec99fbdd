; Logistics: a truck drives inside its city, an airplane flies between airports, packages ride in either.
(define (domain logistics-strips)
  (:requirements :strips)

  (:predicates
    (obj ?obj)              ; ?obj is a package
    (truck ?truck)
    (location ?loc)
    (airplane ?airplane)
    (city ?city)
    (airport ?airport)      ; an airport is a location too
    (at ?obj ?loc)          ; package or vehicle
    (in ?obj1 ?obj2)        ; package in vehicle
    (in-city ?obj ?city))

  (:action load-truck
    :parameters (?obj ?truck ?loc)
    :precondition (and (obj ?obj) (truck ?truck) (location ?loc)
                       (at ?truck ?loc) (at ?obj ?loc))
    :effect (and (in ?obj ?truck)
                 (not (at ?obj ?loc))))

  (:action load-airplane
    :parameters (?obj ?airplane ?loc)
    :precondition (and (obj ?obj) (airplane ?airplane) (location ?loc)
                       (at ?airplane ?loc) (at ?obj ?loc))
    :effect (and (in ?obj ?airplane)
                 (not (at ?obj ?loc))))

  (:action unload-truck
    :parameters (?obj ?truck ?loc)
    :precondition (and (obj ?obj) (truck ?truck) (location ?loc)
                       (at ?truck ?loc) (in ?obj ?truck))
    :effect (and (at ?obj ?loc)
                 (not (in ?obj ?truck))))

  (:action unload-airplane
    :parameters (?obj ?airplane ?loc)
    :precondition (and (obj ?obj) (airplane ?airplane) (location ?loc)
                       (at ?airplane ?loc) (in ?obj ?airplane))
    :effect (and (at ?obj ?loc)
                 (not (in ?obj ?airplane))))

  ; Both ends lie in the same city; starting where it ends is allowed, as in the original.
  (:action drive-truck
    :parameters (?truck ?loc-from ?loc-to ?city)
    :precondition (and (truck ?truck) (location ?loc-from) (location ?loc-to) (city ?city)
                       (at ?truck ?loc-from) (in-city ?loc-from ?city) (in-city ?loc-to ?city))
    :effect (and (at ?truck ?loc-to)
                 (not (at ?truck ?loc-from))))

  (:action fly-airplane
    :parameters (?airplane ?loc-from ?loc-to)
    :precondition (and (airplane ?airplane) (airport ?loc-from) (airport ?loc-to)
                       (at ?airplane ?loc-from))
    :effect (and (at ?airplane ?loc-to)
                 (not (at ?airplane ?loc-from)))))
