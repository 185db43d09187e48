"""A sandboxed frame, as a course site may show a page in, refuses storage, and the theme's script ends with its first line.

There the page gets storages that forget: the button for light and dark works, until the page is left.
"""

from typing import Any

STAND_IN = """<script>
for (const name of ["localStorage", "sessionStorage"]) {
  try { window[name]; } catch {
    const kept = new Map();
    Object.defineProperty(window, name, { value: {
      getItem: (key) => kept.get(key) ?? null,
      setItem: (key, value) => void kept.set(key, `${value}`),
      removeItem: (key) => void kept.delete(key),
    } });
  }
}
</script>"""


def stand_in_first(app: Any, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    """Before the theme's script, which the template puts after the metatags."""
    context["metatags"] = STAND_IN + context.get("metatags", "")


def setup(app: Any) -> dict[str, bool]:
    """For every page."""
    app.connect("html-page-context", stand_in_first)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
