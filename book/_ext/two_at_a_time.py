"""Run the chapters that have changed as many at a time as there are cores, and write pages in two processes.

Jupyter Book runs one after the other. Here they go into the same cache, before Sphinx
reads them, where it then finds their outputs. A chapter that fails is left to Sphinx, which
runs it again, alone, and says what is wrong: two at a time may also take the
same port for their kernels, or the one tidy the cache while the other writes.

When all is read, this process resolves the references of pages, and a second one writes those that it has done.
"""

import os
from concurrent.futures import ThreadPoolExecutor
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
    """Fill the cache with the outputs of these pages."""
    pages = [path for name in docnames if (path := env.doc2path(name)).endswith(".md")]
    if len(pages) > 1:
        get_cache(env.mystnb_config.execution_cache_path).list_cache_records()  # makes its tables, once
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(lambda path: run(path, env), pages))


def run(path: str, env: Any) -> None:
    """Run one page, if it has code and is not in the cache."""
    text = Path(path).read_text(encoding="utf-8")
    reader = create_nb_reader(path, env.myst_config, env.mystnb_config, text)
    if reader is not None:
        try:
            with create_client(reader.read(text), path, env.mystnb_config, Quiet(), reader.read_fmt):
                pass
        except Exception:  # of any kind: Sphinx meets it again
            pass


def write_beside(app: Any, env: Any) -> list[str]:
    """Have Sphinx begin the second process; to read in two, pages would be pickled to and fro."""
    app.parallel = 2
    return []


def setup(app: Any) -> dict[str, bool]:
    """Run before any page is read, and when all are."""
    app.connect("env-before-read-docs", run_chapters)
    app.connect("env-updated", write_beside)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
