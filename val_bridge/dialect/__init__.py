"""VAL's words.

Takes a verdict, gives what VAL's `Validate` prints (`transcript`), so that programs that read VAL's lines read
ours. And the other way round, where the real binary is at hand: finds and runs it (`binary`), reads its output
back into an answer (`reading`), and lists where its answers and ours differ (`crosscheck`). README.md lists every
deviation from VAL, with the test that shows it.

Not taken: VAL's exit status (it counts failed plans, modulo 256, and is 0 on refusals); printing its failures of
memory (pointers, crashes). Nothing here decides a verdict.
"""

from val_bridge.dialect.advice import advice_lines, advice_tree
from val_bridge.dialect.transcript import transcript, verdict_text

__all__ = ["advice_lines", "advice_tree", "transcript", "verdict_text"]
