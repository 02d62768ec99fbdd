; Blocksworld with four operators: one hand, a table with room for every block.
(define (domain blocksworld-4ops)
  (:requirements :strips)

  (:predicates
    (clear ?x)      ; nothing lies on ?x, and the hand does not hold it
    (ontable ?x)
    (handempty)
    (holding ?x)
    (on ?x ?y))     ; ?x lies directly on ?y

  ; table -> hand
  (:action pick-up
    :parameters (?ob)
    :precondition (and (clear ?ob) (ontable ?ob) (handempty))
    :effect (and (holding ?ob)
                 (not (clear ?ob)) (not (ontable ?ob)) (not (handempty))))

  ; hand -> table
  (:action put-down
    :parameters (?ob)
    :precondition (and (holding ?ob))
    :effect (and (clear ?ob) (ontable ?ob) (handempty)
                 (not (holding ?ob))))

  ; hand -> block
  (:action stack
    :parameters (?ob ?underob)
    :precondition (and (clear ?underob) (holding ?ob))
    :effect (and (on ?ob ?underob) (clear ?ob) (handempty)
                 (not (holding ?ob)) (not (clear ?underob))))

  ; block -> hand
  (:action unstack
    :parameters (?ob ?underob)
    :precondition (and (on ?ob ?underob) (clear ?ob) (handempty))
    :effect (and (holding ?ob) (clear ?underob)
                 (not (on ?ob ?underob)) (not (clear ?ob)) (not (handempty)))))
