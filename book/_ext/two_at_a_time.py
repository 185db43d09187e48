"""Run the chapters that have changed some at a time, and write pages in two processes more.

Jupyter Book runs one after the other. Here they go into the same cache, where Sphinx then
finds their outputs; it reads the pages without code meanwhile, and then the others as they
are done. Their kernels are copies of one: see `kernels`. A chapter that fails is left to
Sphinx, which runs it again, alone, and says what is wrong: two at a time may also take the
same port for their kernels, or the one tidy the cache while the other writes.

When all is read, this process resolves the references of pages, and two others write those that it has done.
"""

import math
import os
from multiprocessing.pool import ThreadPool
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import sphinx.builders
from jupyter_cache import get_cache
from myst_nb.core.execute import create_client
from myst_nb.core.read import create_nb_reader


class Quiet:
    """A logger for what Sphinx will say again."""

    def info(self, message: str, **names: Any) -> None:
        """Nothing."""

    warning = info


def run_chapters(app: Any, env: Any, docnames: list[str]) -> None:
    """Begin to fill the cache with the outputs of these pages, and order them."""
    app.to_read, app.without_code, app.have_run = docnames, len(docnames), SimpleQueue[str]()
    readers = {name: reader for name in docnames if (reader := reader_of(name, env)) is not None}
    if len(readers) > 1:
        get_cache(env.mystnb_config.execution_cache_path).list_cache_records()  # makes its tables, once
        # Without code first, then by what is to run and to read, that none is alone at the end.
        docnames.sort(key=lambda name: -readers[name][1].count("```{") if name in readers else -math.inf)
        app.without_code -= len(readers)
        # One more than there are cores, for a kernel that begins or ends only waits. The threads end with the build, and wait for
        # nothing if it is broken off.
        pool = ThreadPool((os.cpu_count() or 1) + 1)
        for name in docnames[app.without_code :]:
            pool.apply_async(run, (name, env, readers[name], app.have_run))
        choose(app, 0)


def reader_of(name: str, env: Any) -> tuple[str, str, Any] | None:
    """A page's path, its text, and what makes cells of it, if it is a text with code."""
    path = env.doc2path(name)
    if not path.endswith(".md"):
        return None
    text = Path(path).read_text(encoding="utf-8")
    reader = create_nb_reader(path, env.myst_config, env.mystnb_config, text)
    return reader and (path, text, reader)


def run(name: str, env: Any, page: tuple[str, str, Any], have_run: SimpleQueue[str]) -> None:
    """Run one page, if it is not in the cache; not one that Sphinx always runs anew."""
    path, text, reader = page
    try:
        notebook = reader.read(text)
        if notebook.metadata.get("mystnb", {}).get("execution_mode") != "force":
            with create_client(notebook, path, env.mystnb_config, Quiet(), reader.read_fmt):
                pass
    except Exception:  # of any kind: Sphinx meets it again
        pass
    finally:
        have_run.put(name)


def choose(app: Any, i: int) -> None:
    """Put in the i-th place of the pages to read, if one with code is due, the one that has run first."""
    if app.without_code <= i < len(app.to_read):
        name = app.have_run.get()
        app.to_read.remove(name)
        app.to_read.insert(i, name)


def choose_next(app: Any, doctree: Any) -> None:
    """After a page, while Sphinx goes through the list."""
    choose(app, app.to_read.index(app.env.docname) + 1)


def write_beside(app: Any, env: Any) -> list[str]:
    """Have Sphinx begin two more processes; to read in several, pages would be pickled to and fro."""
    app.parallel = 3
    # Sphinx would give each thirteen pages, and the first would begin late.
    sphinx.builders.make_chunks = lambda names, processes: [names[i : i + 4] for i in range(0, len(names), 4)]
    return []


def setup(app: Any) -> dict[str, bool]:
    """Begin to run before any page is read, go on with each that has run, and write when all are read."""
    app.connect("env-before-read-docs", run_chapters)
    app.connect("doctree-read", choose_next)
    app.connect("env-updated", write_beside)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
