"""Fields and formulas far down a page wait outside of it.

A browser that looks for fields when a page is read lays out the place of each, however far: chapter 15 took twice as long for it.
So below a page's first heading the form of an exercise or an explorer lies in a `<noscript>`, and so do what a solution
holds (`folds.py`) and each printed formula from the fourth section on: two thirds of a chapter's elements are the parts of its
formulas. Who runs no script reads it there; for others `nudge.js` takes it out when its place comes near.
"""

import re
from typing import Any

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

NEAR = 3
"""So many sections are near, here and in `nudge.css`: they fill the tallest window."""
FORM = re.compile(r'<form (?:novalidate|class="bp-controls").*?</form>', re.S)


def put_off(body: str) -> str:
    """A page's HTML with the forms below its first heading put off."""
    top, heading, rest = body.partition("<h2")
    return top + heading + FORM.sub(r"<noscript>\g<0></noscript>", rest)


def waits(formula: nodes.Node, section: nodes.section) -> bool:
    """Whether a formula may come with its section: not one of a heading, nor of an exercise, whose numbers change."""
    place = formula.parent
    while place is not section:
        if isinstance(place, nodes.title) or type(place).__name__.startswith(("exercise", "unread")):
            return False
        place = place.parent
    return True


class FarFormulas(SphinxPostTransform):
    """After solutions are folded."""

    default_priority = 950
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Mark them; `formulas.py` prints them."""
        page = self.document.next_node(nodes.section)
        sections = [one for one in page.children if isinstance(one, nodes.section)] if page else []
        for section in sections[NEAR:]:
            for formula in section.findall(lambda node: isinstance(node, nodes.math | nodes.math_block)):
                formula["far"] = waits(formula, section)


def in_page(app: Any, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    """Before a page is written, once the practice page's sets are taken out."""
    if "body" in context:
        context["body"] = put_off(context["body"])


def setup(app: Any) -> dict[str, bool]:
    """For every page."""
    app.add_post_transform(FarFormulas)
    app.connect("html-page-context", in_page, 900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
