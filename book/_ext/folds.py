"""What a page folds away is a `<details>` with its `<summary>`: the code of a cell, a solution, a `{dropdown}`.

It opens without a script and by keyboard, and a search in the page finds what it holds. What a solution holds waits outside
of the page, as far forms do: see `later.py`.
"""

from html import escape
from typing import Any

from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective
from sphinx.writers.html5 import HTML5Translator
from sphinx_exercise.nodes import solution_node

from bpcourse.language import tr


class fold(nodes.General, nodes.Element):
    """A `<details>`."""


class summary(nodes.General, nodes.TextElement):
    """What stands on it."""


class unread(nodes.General, nodes.Element):
    """A `<noscript>`: a third of a chapter lies in its solutions, which a phone need not lay out before they are near."""


class Dropdown(SphinxDirective):
    """`{dropdown} Title`, with what is folded."""

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True

    def run(self) -> list[nodes.Node]:
        """The title may hold formulas."""
        title, messages = self.state.inline_text(tr(self.arguments[0]), self.lineno)
        folded = fold("", summary("", "", *title), *messages)
        self.state.nested_parse(self.content, self.content_offset, folded)
        return [folded]


class FoldSolutions(SphinxPostTransform):
    """After sphinx-exercise has named them."""

    default_priority = 200
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Put a fold in the place of each."""
        for solution in list(self.document.findall(solution_node)):
            title, *steps = solution.children
            back = nodes.paragraph("", tr("Back to"), *title.findall(nodes.reference))
            folded = summary("", title.astext()), unread("", *steps, back)
            solution.replace_self(fold("", *folded, ids=solution["ids"], classes=["solution"]))


def open_cell(self: HTML5Translator, cell: HideCodeCellNode) -> None:
    """The code of a cell, folded by MyST-NB."""
    self.body.append(f'<details class="code">\n<summary>{escape(cell["prompt_show"])}</summary>\n')


def close_cell(self: HTML5Translator, cell: HideCodeCellNode) -> None:
    """As it began."""
    self.body.append("</details>\n")


def tags(name: str) -> tuple[Any, Any]:
    """How a node is written that has one element of HTML."""
    return lambda self, node: self.body.append(self.starttag(node, name, "")), lambda self, _: self.body.append(f"</{name}>\n")


def setup(app: Any) -> dict[str, bool]:
    """The directive, the two nodes, and what is folded elsewhere."""
    app.add_directive("dropdown", Dropdown)
    app.add_node(fold, html=tags("details"))
    app.add_node(summary, html=tags("summary"))
    app.add_node(unread, html=tags("noscript"))
    app.add_node(HideCodeCellNode, override=True, html=(open_cell, close_cell))
    app.add_post_transform(FoldSolutions)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
