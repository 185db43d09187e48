"""The explorers run in the page by themselves, so their widgets' state stays out of it."""

from typing import Any


def drop_widget_state(app: Any, env: Any) -> None:
    """Forget what MyST-NB would write for a widget manager."""
    for page in getattr(env, "nb_metadata", {}).values():
        page.pop("js_files", None)


def setup(app: Any) -> dict[str, bool]:
    """Run when all pages are read."""
    app.connect("env-updated", drop_widget_state)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
