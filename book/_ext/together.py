"""Keep an inline formula and the punctuation after it on one line.

Browsers treat a formula as a box and may break the line behind it, so that a
full stop opens the next line. A formula and what clings to it become one span.
"""

from typing import Any

from docutils import nodes
from formulas import CLINGING
from sphinx.transforms.post_transforms import SphinxPostTransform


def hold(part: nodes.Element) -> None:
    """Go through the inline formulas of a part of a page."""
    for formula in list(part.findall(nodes.math)):
        parent = formula.parent
        if "together" in parent.get("classes", ()):
            continue  # an exercise that stands on two pages
        i = parent.index(formula)
        after = parent[i + 1] if i + 1 < len(parent) else None
        clinging = CLINGING.match(after.astext()) if isinstance(after, nodes.Text) else None
        if clinging is not None:
            rest = nodes.Text(after.astext()[clinging.end() :])
            span = nodes.inline("", "", formula, nodes.Text(clinging[0]), classes=["together"])
            parent[i : i + 2] = [span, rest]


class Together(SphinxPostTransform):
    """Wrap formula and punctuation in a span of class `together`."""

    default_priority = 900
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """On the whole page."""
        hold(self.document)


def setup(app: Any) -> dict[str, bool]:
    """Add the transform."""
    app.add_post_transform(Together)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
