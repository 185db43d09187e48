"""Fields far down a page wait outside of it.

A browser that looks for fields when a page is read lays out the place of each, however far: chapter 15 took twice as long for it.
So below a page's first heading the form of an exercise or an explorer lies in a `<noscript>`, and so does what a solution
holds (`folds.py`). Who runs no script reads it there; for others `nudge.js` takes it out when the exercise comes near.
"""

import re
from typing import Any

FORM = re.compile(r'<form (?:novalidate|class="bp-controls").*?</form>', re.S)


def put_off(body: str) -> str:
    """A page's HTML with the forms below its first heading put off."""
    top, heading, rest = body.partition("<h2")
    return top + heading + FORM.sub(r"<noscript>\g<0></noscript>", rest)


def in_page(app: Any, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    """Before a page is written, once the practice page's sets are taken out."""
    if "body" in context:
        context["body"] = put_off(context["body"])


def setup(app: Any) -> dict[str, bool]:
    """For every page."""
    app.connect("html-page-context", in_page, 900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
