"""A build shows what is there now, and a warning stops it every time.

Sphinx by itself reads again what has changed among the pages. It does not see what their cells import or what all
pages share, it keeps the other pages' old links to a page with a new title, it forgets a warning as soon as the page
is stored, and it leaves removed pages where they were.
"""

import hashlib
import json
import shutil
import sys
from copy import copy
from pathlib import Path
from typing import Any

import surroundings
from sphinx.application import ENV_PICKLE_FILENAME

OWN_PAGES = {"index", "search", "genindex", "py-modindex", "404"}
"""What Sphinx and Jupyter Book write without a source file."""


def digest(folder: Path, patterns: list[str]) -> str:
    """One number for the names and contents of these files, without those after a `!`, and for the Python that runs."""
    paths: set[Path] = set()
    for pattern in patterns:
        found = {path for path in folder.glob(pattern.lstrip("!")) if path.is_file() and "__pycache__" not in path.parts}
        paths = paths - found if pattern.startswith("!") else paths | found
    told = hashlib.sha256(sys.version.encode())
    for path in sorted(paths):
        told.update(path.relative_to(folder).as_posix().encode() + hashlib.sha256(path.read_bytes()).digest())
    return told.hexdigest()


def record(app: Any) -> Path:
    """Where stands what the stored outputs of cells came from and, after a build that ended well, the stored pages."""
    return Path(app.doctreedir, "depends.json")


def forget_what_is_stale(app: Any, config: Any) -> None:
    """Drop the stored pages if what they share has changed, and the outputs of cells if what those read has."""
    folder = Path(app.srcdir)
    app.depends = {name: digest(folder, config[f"fresh_{name}"]) for name in ("pages", "cells")}
    old = json.loads(record(app).read_text()) if record(app).exists() else {}
    if app.depends != old:
        Path(app.doctreedir, ENV_PICKLE_FILENAME).unlink(missing_ok=True)
    if app.depends["cells"] != old.get("cells"):
        shutil.rmtree(config.nb_execution_cache_path or Path(app.outdir).parent / ".jupyter_cache", ignore_errors=True)
    record(app).parent.mkdir(parents=True, exist_ok=True)
    record(app).write_text(json.dumps({"cells": app.depends["cells"]}))


def names(env: Any) -> tuple[dict[str, str], dict[str, Any]]:
    """What other pages say of a page: its title and those of its sections and figures."""
    return {page: title.astext() for page, title in env.titles.items()}, copy(env.domaindata["std"]["labels"])


def remember_names(app: Any) -> None:
    """Before anything is read."""
    app.names_before = names(app.env)


def pages_to_write_again(app: Any, env: Any) -> list[str]:
    """All pages, if one of them has another name now."""
    return sorted(env.found_docs) if app.names_before != names(env) else []


def pages_of_their_own(app: Any, env: Any, *_: set[str]) -> list[str]:
    """Those of `fresh_own` whose files have changed: they read what no other page does, and run without a store."""
    before, env.fresh_own = getattr(env, "fresh_own", {}), {}
    for page, patterns in app.config.fresh_own.items():
        env.fresh_own[page] = digest(Path(app.srcdir), patterns)
    return [page for page, now in env.fresh_own.items() if page in env.found_docs and now != before.get(page)]


def finish(app: Any, exception: Exception | None) -> None:
    """If all went well, remove what no page stands behind, and let the next build use the stored pages."""
    if exception or app._warncount:
        return
    html = Path(app.outdir)
    for page in html.rglob("*.html"):
        name = page.relative_to(html).with_suffix("").as_posix()
        if not name.startswith("_") and name not in app.env.found_docs | OWN_PAGES:
            page.unlink()
    shown = {name for _, name in app.env.images.values()}
    for image in (html / "_images").glob("*"):
        if image.name not in shown:
            image.unlink()
    record(app).write_text(json.dumps(app.depends))


def setup(app: Any) -> dict[str, bool]:
    """A warning makes the build fail, after all of them were shown."""
    surroundings.settle()
    surroundings.ask_for_own_package()
    app.keep_going = True
    app.add_config_value("fresh_cells", [], "")
    app.add_config_value("fresh_pages", [], "")
    app.add_config_value("fresh_own", {}, "")
    app.connect("config-inited", forget_what_is_stale)
    app.connect("builder-inited", remember_names)
    app.connect("env-get-outdated", pages_of_their_own)
    app.connect("env-updated", pages_to_write_again)
    app.connect("build-finished", finish)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
