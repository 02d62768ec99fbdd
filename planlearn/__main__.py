"""`python -m planlearn`: the command line without an installed script."""

from planlearn.cli import main

main()
