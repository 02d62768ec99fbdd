; The red block stands on the blue one. Wanted: the blue block on the green one.
(define (problem swap) (:domain blocksworld-4ops)
  (:objects red blue green)
  (:init (on red blue) (ontable blue) (ontable green) (clear red) (clear green) (handempty))
  (:goal (on blue green)))
