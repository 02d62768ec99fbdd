; One town with two places. The van waits in the south, the letter lies in the north. Wanted: the letter in the south.
(define (problem post) (:domain logistics-strips)
  (:objects letter van north south town)
  (:init (obj letter) (truck van) (location north) (location south) (city town)
         (in-city north town) (in-city south town) (at van south) (at letter north))
  (:goal (at letter south)))
