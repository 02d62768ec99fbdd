"""The command line: takes the user's words, gives outcomes, exit codes and one-line errors; puts the rooms
together.

One module a command: every module of this package that is not `app` is imported, and registers its commands
with `@command()`. So a new command is one new file. Modules import only light things at their top (typer, the
standard library, val_bridge) and the rooms inside their functions: `planlearn --help` must not wait for
torch. Rejected: typer's lazy groups, which need a second list of names and helps beside the functions.
"""

from importlib import import_module
from pkgutil import iter_modules

from planlearn.cli.app import app

for _module in sorted(module.name for module in iter_modules(__path__)):
    import_module(f"{__name__}.{_module}")


def main() -> None:
    """The console script `planlearn`."""
    app(prog_name="planlearn")


__all__ = ["app", "main"]
