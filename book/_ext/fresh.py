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

OWN_PAGES = {"index", "search", "genindex", "py-modindex"}
"""What Sphinx and Jupyter Book write without a source file."""


def digest(folder: Path, patterns: list[str]) -> str:
    """One number for the names and contents of these files and for the Python that runs."""
    paths = {path for pattern in patterns for path in folder.glob(pattern) if path.is_file() and "__pycache__" not in path.parts}
    told = hashlib.sha256(sys.version.encode())
    for path in sorted(paths):
        told.update(path.relative_to(folder).as_posix().encode() + hashlib.sha256(path.read_bytes()).digest())
    return told.hexdigest()


def forget_what_is_stale(app: Any, config: Any) -> None:
    """Drop the stored pages if what they share has changed, and the outputs of cells if what those import has."""
    folder, record = Path(app.srcdir), Path(app.doctreedir, "depends.json")
    new = {name: digest(folder, config[f"fresh_{name}"]) for name in ("pages", "cells")}
    old = json.loads(record.read_text()) if record.exists() else {}
    if new != old:
        Path(app.doctreedir, ENV_PICKLE_FILENAME).unlink(missing_ok=True)
    if new["cells"] != old.get("cells"):
        shutil.rmtree(config.nb_execution_cache_path or Path(app.outdir).parent / ".jupyter_cache", ignore_errors=True)
    record.parent.mkdir(parents=True, exist_ok=True)
    record.write_text(json.dumps(new))


def names(env: Any) -> tuple[dict[str, str], dict[str, Any]]:
    """What other pages say of a page: its title and those of its sections and figures."""
    return {page: title.astext() for page, title in env.titles.items()}, copy(env.domaindata["std"]["labels"])


def set_aside(app: Any) -> None:
    """Take the stored pages away until this build has ended well, and remember their names."""
    stored = Path(app.doctreedir, ENV_PICKLE_FILENAME)
    if stored.exists():
        stored.replace(stored.with_suffix(".before"))
    app.env.names_before = names(app.env)


def pages_to_write_again(app: Any, env: Any) -> list[str]:
    """All pages, if one of them has another name now."""
    return sorted(env.found_docs) if env.names_before != names(env) else []


def finish(app: Any, exception: Exception | None) -> None:
    """Remove what no page stands behind. Put the stored pages back, or drop them if anything was wrong."""
    stored = Path(app.doctreedir, ENV_PICKLE_FILENAME)
    before = stored.with_suffix(".before")
    if exception or app._warncount:
        stored.unlink(missing_ok=True)
        before.unlink(missing_ok=True)
        return
    if before.exists() and not stored.exists():
        before.replace(stored)
    before.unlink(missing_ok=True)
    html = Path(app.outdir)
    for page in html.rglob("*.html"):
        name = page.relative_to(html).with_suffix("").as_posix()
        if not name.startswith("_") and name not in app.env.found_docs | OWN_PAGES:
            page.unlink()
    shown = {name for _, name in app.env.images.values()}
    for image in (html / "_images").glob("*"):
        if image.name not in shown:
            image.unlink()


def setup(app: Any) -> dict[str, bool]:
    """A warning makes the build fail, after all of them were shown."""
    surroundings.settle()
    surroundings.ask_for_own_package()
    app.keep_going = True
    app.add_config_value("fresh_cells", [], "")
    app.add_config_value("fresh_pages", [], "")
    app.connect("config-inited", forget_what_is_stale)
    app.connect("builder-inited", set_aside)
    app.connect("env-updated", pages_to_write_again)
    app.connect("build-finished", finish)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
