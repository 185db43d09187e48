"""Run the chapters that have changed as many at a time as there are cores, and write pages in two processes more.

Jupyter Book runs one after the other. Here they go into the same cache, where Sphinx then
finds their outputs; it reads the pages without code meanwhile, and waits before each of the
others. Their kernels are copies of one: see `kernels`. A chapter that fails is left to
Sphinx, which runs it again, alone, and says what is wrong: two at a time may also take the
same port for their kernels, or the one tidy the cache while the other writes.

When all is read, this process resolves the references of pages, and two others write those that it has done.
"""

import math
import os
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import Any

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
    app.running = {}
    readers = {name: reader for name in docnames if (reader := reader_of(name, env)) is not None}
    if len(readers) > 1:
        get_cache(env.mystnb_config.execution_cache_path).list_cache_records()  # makes its tables, once
        pool = ThreadPool(os.cpu_count())  # whose threads end with the build, and wait for nothing if it is broken off
        # Without code first, then the longest, that none runs alone at the end.
        docnames.sort(key=lambda name: -len(readers[name][1]) if name in readers else -math.inf)
        app.running = {name: pool.apply_async(run, (env, readers[name])) for name in docnames if name in readers}


def reader_of(name: str, env: Any) -> tuple[str, str, Any] | None:
    """A page's path, its text, and what makes cells of it, if it is a text with code."""
    path = env.doc2path(name)
    if not path.endswith(".md"):
        return None
    text = Path(path).read_text(encoding="utf-8")
    reader = create_nb_reader(path, env.myst_config, env.mystnb_config, text)
    return reader and (path, text, reader)


def run(env: Any, page: tuple[str, str, Any]) -> None:
    """Run one page, if it is not in the cache; not one that Sphinx always runs anew."""
    path, text, reader = page
    notebook = reader.read(text)
    if notebook.metadata.get("mystnb", {}).get("execution_mode") == "force":
        return
    try:
        with create_client(notebook, path, env.mystnb_config, Quiet(), reader.read_fmt):
            pass
    except Exception:  # of any kind: Sphinx meets it again
        pass


def wait(app: Any, docname: str, source: list[str]) -> None:
    """Before a page is read: until it has run."""
    if docname in app.running:
        app.running.pop(docname).wait()


def write_beside(app: Any, env: Any) -> list[str]:
    """Have Sphinx begin two more processes; to read in several, pages would be pickled to and fro."""
    app.parallel = 3
    return []


def setup(app: Any) -> dict[str, bool]:
    """Begin to run before any page is read, wait for each, and go on when all are."""
    app.connect("env-before-read-docs", run_chapters)
    app.connect("source-read", wait)
    app.connect("env-updated", write_beside)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
