"""Jupyter Book always loads sphinx-thebe, which names another host on every page.

The book needs no kernel, so this extension takes thebe's listeners out again.
"""

from typing import Any


def drop_thebe(app: Any, config: Any) -> None:
    """Forget every listener that sphinx-thebe has connected."""
    for listeners in app.events.listeners.values():
        listeners[:] = [one for one in listeners if one.handler.__module__ != "sphinx_thebe"]


def setup(app: Any) -> dict[str, bool]:
    """Run after all extensions are set up."""
    app.connect("config-inited", drop_thebe)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
