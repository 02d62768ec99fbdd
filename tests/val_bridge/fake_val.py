"""A `Validate` in shell that does on purpose what the real one does by mistake, so that tests need no binary."""

from __future__ import annotations

from pathlib import Path

SCRIPT = r"""#!/bin/sh
# Called as: -v domain problem plan... It says "Plan valid" of every plan that holds none of the words below.
shift 3
for plan in "$@"; do
  text=$(cat "$plan")
  case "$text" in *deaf*) echo "Problem in domain definition!" >&2; exit 255 ;; esac
  case "$text" in *crash*) kill -SEGV $$ ;; esac
  case "$text" in *hang*) exec sleep 60 ;; esac
  echo "Checking plan: $plan"
  case "$text" in
    *refuse*) echo "Bad plan description!"; confused=1 ;;
    *goal*) printf 'Goal not satisfied\nPlan invalid\n\nPlan Repair Advice:\n\n(Set (on a b) to true)\n' ;;
    *) if [ "$confused" ]; then echo "Goal not satisfied"; else echo "Plan valid"; fi ;;
  esac
done
printf '\n\nFailed plans:\n \n'
exit 0
"""


def write_fake_val(path: Path, executable: bool = True) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(SCRIPT)
    path.chmod(0o755 if executable else 0o644)
    return path
