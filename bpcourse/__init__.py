"""The package of the book *Backpropagation You Can Nudge*, and the map of it.

Read first, in this order; a module imports only from those above it:

1. `numeric`: gradients by nudging, and the judge of every derivation (chapters 2, 8, 16);
2. `gates`: what each gate computes and its local gradients, one row a gate (3);
3. `graph`: numbers that remember how they were made; `backward` and `gradient` (3, 4);
4. `chain`: paths through a graph and the products along them (5);
5. `layers`: sums, activations, outputs and losses on batches, there and back (9, 10);
6. `network`: `equations` (9 to 11), `training` (12) and `scalars` (6 to 8).

Behind them are rooms, to be read when you need them:

- `codegen`: a graph and its derivative as a program; a graph without objects;
- `beyond`: what gradients cost, two directions, remedies, recurrence, structures, many machines (13 to 20);
- `examples`: the worked examples, and the slips of the sources;
- `pictures`, with `figures` as its face: circuits, networks and plots;
- `explore`: the sliders, alive in a notebook and in the built page;
- `practice`: derivations, mistakes, and the mistake behind a reader's number;
- `classroom`: problem sets with numbers of each student's own, and their grading.

`copies` tells how graphs are copied and pickled; `checks` and `doors` are the ground:
how the package asks what it was given; `language` has the words of pages in another
language.
"""

import importlib
from types import ModuleType

from bpcourse import copies as copies
from bpcourse.graph import Value
from bpcourse.pictures.circuit import picture_of

__version__ = "1.2.0"

# A graph can show itself, though what draws it stands above it.
Value.picture = staticmethod(picture_of)

_ROOMS = (
    "beyond", "chain", "checks", "classroom", "codegen", "copies", "doors", "examples", "explore", "figures", "gates", "graph",
    "language", "layers", "network", "numeric", "pictures", "practice",
)  # fmt: skip


def __getattr__(name: str) -> ModuleType:
    """A room by its name, loaded when it is first asked for: `bpcourse.network`."""
    if name in _ROOMS:
        return importlib.import_module(f"bpcourse.{name}")
    raise AttributeError(f"module 'bpcourse' has no attribute {name!r}; its rooms are {', '.join(_ROOMS)}")


def __dir__() -> list[str]:
    return [*globals(), *_ROOMS]
