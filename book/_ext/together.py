"""Keep an inline formula and the punctuation after it on one line.

Browsers treat a formula as a box and may break the line behind it, so that a
full stop opens the next line. A formula and what clings to it become one span.
"""

from typing import Any

from docutils import nodes
from formulas import CLINGING
from sphinx.transforms.post_transforms import SphinxPostTransform


class Together(SphinxPostTransform):
    """Wrap formula and punctuation in a span of class `together`."""

    default_priority = 900
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Go through the page's inline formulas."""
        for formula in list(self.document.findall(nodes.math)):
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


def setup(app: Any) -> dict[str, bool]:
    """Add the transform."""
    app.add_post_transform(Together)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
