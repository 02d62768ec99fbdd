"""Find the files that travel with the project: domains, templates' data, class lists.

In a checkout they lie at the top level (`domains/`, `data/`); in an installed wheel they lie inside the
package, under `planlearn/_resources/`. `pyproject.toml` says which ones are carried.
"""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def resource_path(*parts: str) -> Path:
    """The path of a carried file or folder, e.g. `resource_path("domains", "blocksworld", "domain.pddl")`.

    Raises FileNotFoundError when neither the installed package nor the checkout has it.
    """
    # The package comes first: beside an installed package lie other people's folders (site-packages/data).
    roots = (_PACKAGE / "_resources", _PACKAGE.parent)
    for root in roots:
        path = root.joinpath(*parts)
        if path.exists():
            return path
    raise FileNotFoundError(
        f"planlearn carries no file {'/'.join(parts)} (looked in {roots[0]} and {roots[1]})"
    )
