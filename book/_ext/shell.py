"""What the theme shows around a page, and what its pages do not load.

The list of chapters is made here, not by Sphinx: part by part, each with its number, and below the page that is open
what belongs to it. Of the scripts and styles that Sphinx and its extensions put on every page, none is needed: the look is
`nudge.css`, and what buttons do is `nudge.js`.
"""

import re
from typing import Any

from docutils import nodes
from sphinx.writers.html5 import HTML5Translator

STYLES = re.compile(r"_static/(pygments(_dark)?|mystnb\..*|exercise)\.css")
SCRIPTS = re.compile(r"_static/(documentation_options|doctools|sphinx_highlight|translations)\.js")
"""What nobody needs."""


def parts(app: Any, pagename: str) -> list[dict[str, Any]]:
    """The parts of the book: caption and pages of each."""
    site = app.env.external_site_map

    def entry(name: str) -> dict[str, Any]:
        below = list(site[name].child_files()) if name in site else []
        number = app.env.toc_secnumbers.get(name, {}).get("") or ()  # of a notebook it goes on as those of sections do
        return {
            "name": name,
            "title": app.env.titles[name].astext(),
            "number": number[0] if len(number) == 1 else "",
            "link": app.builder.get_relative_uri(pagename, name),
            "open": pagename == name or pagename in below,
            "below": [entry(one) for one in below],
        }

    return [{"caption": tree.caption, "pages": [entry(str(name)) for name in tree.files()]} for tree in site.root.subtrees]


def fill(app: Any, pagename: str, templatename: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """Hand the parts to the templates, and take away what no page needs."""
    context["parts"] = parts(app, pagename)
    context["css_files"] = [one for one in context["css_files"] if not STYLES.fullmatch(str(one.filename))]
    context["script_files"] = [one for one in context["script_files"] if not SCRIPTS.fullmatch(str(one.filename))]


def visit_table(self: HTML5Translator, node: nodes.table) -> None:
    """A table that is too wide scrolls by itself."""
    self.body.append('<div class="wide">')
    HTML5Translator.visit_table(self, node)


def depart_table(self: HTML5Translator, node: nodes.table) -> None:
    """As it began."""
    HTML5Translator.depart_table(self, node)
    self.body.append("</div>")


def setup(app: Any) -> dict[str, bool]:
    """For every page."""
    app.connect("html-page-context", fill, priority=900)
    app.add_node(nodes.table, override=True, html=(visit_table, depart_table))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
