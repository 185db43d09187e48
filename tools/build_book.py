"""`jupyter-book build` with its usual arguments, sooner: `make book`.

Among what it imports, `rfc3987_syntax` compiles the grammar of international web
addresses at every start, for a check that no file of a book asks for. Without it
jsonschema goes on and leaves that check out. A build makes millions of nodes that live to
its end: the search for garbage among them is a third of a chapter's rebuild, and to give
them back one by one before the process ends, a quarter. Pybtex and others ask again and again
what the installed packages offer, which is read from files. Settings are read by yaml's
loader in C, which it has but takes only when told. And while all this is imported, the
process whose copies will run the chapters reads what it needs.
"""

import functools
import gc
import importlib.metadata
import os
import sys
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
yaml.SafeLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # type: ignore[misc]
importlib.metadata.entry_points = functools.cache(importlib.metadata.entry_points)

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
