"""Jupyter Book always loads sphinx-thebe, which names another host on every page.

The book needs no kernel, so this extension takes out again what sphinx-thebe put in.
"""

from typing import Any


def drop_thebe(app: Any, config: Any) -> None:
    """Forget sphinx-thebe's listeners and its style sheet."""
    for listeners in app.events.listeners.values():
        listeners[:] = [one for one in listeners if one.handler.__module__ != "sphinx_thebe"]
    app.registry.css_files[:] = [sheet for sheet in app.registry.css_files if sheet[0] != "sphinx-thebe.css"]


def setup(app: Any) -> dict[str, bool]:
    """Run after all extensions are set up."""
    app.connect("config-inited", drop_thebe)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
