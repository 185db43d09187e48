"""`jupyter-book build` with its usual arguments, sooner: `make book`.

Among what it imports, `rfc3987_syntax` compiles the grammar of international web
addresses at every start, for a check that no file of a book asks for. Without it
jsonschema goes on and leaves that check out. A build makes millions of nodes that live to
its end: the search for garbage among them is a third of a chapter's rebuild, and to give
them back one by one before the process ends, a quarter. Docutils searches a page a hundred times,
with a generator for each level of it. Pybtex, Jupyter's cache and others ask again and again
what the installed packages offer, which is read from files, and nbformat holds each cell that
it has just made against the schema. Settings are read by yaml's loader in C, which it has but
takes only when told. Pybtex reads the LaTeX of each reference twice, for the list and for the
words that a citation shows. Threads that give cells to kernels get their turn after half a
millisecond, not five, so that no kernel waits for the page that is being read. And while all
this is imported, the process whose copies will run the chapters reads what it needs.
"""

import functools
import gc
import importlib.metadata
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).parents[1] / "book" / "_ext"))
import kernels
import surroundings

surroundings.settle()
if kernels.WORKS:
    kernels.mother()

sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]
gc.disable()
sys.setswitchinterval(0.0005)

import importlib_metadata  # noqa: E402
import nbformat.v4.nbbase  # noqa: E402
from docutils.nodes import Node  # noqa: E402
from pybtex.richtext import Text  # noqa: E402

yaml.SafeLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # type: ignore[misc]
importlib.metadata.entry_points = functools.cache(importlib.metadata.entry_points)
importlib_metadata.entry_points = functools.cache(importlib_metadata.entry_points)
Text.from_latex = functools.cache(Text.from_latex)  # type: ignore[method-assign]
nbformat.v4.nbbase.validate = lambda *arguments, **names: None  # type: ignore[assignment]


def all_below(node: Node) -> Iterator[Node]:
    """A node and what is below it, in the order of the text."""
    yield node
    levels = [iter(node.children)]
    while levels:
        for child in levels[-1]:
            yield child
            if child.children:
                levels.append(iter(child.children))
                break
        else:
            levels.pop()


Node._superfast_findall = all_below  # type: ignore[attr-defined]
Node._fast_findall = lambda node, kind: (found for found in all_below(node) if isinstance(found, kind))  # type: ignore[attr-defined]

from jupyter_book.cli.main import main  # noqa: E402

if __name__ == "__main__":
    try:
        main(["build", *sys.argv[1:]])
    except SystemExit as end:
        if end.code:
            raise
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
