"""Figures and exercises are numbered by outlines of the pages.

After each change Sphinx loads all pages and walks through all of their nodes to count these: a sixth of a chapter's rebuild.
An outline has the same sections, lists of pages and numbered nodes, and no words but their titles.
"""

from typing import Any

from docutils import nodes
from sphinx import addnodes

KEPT = addnodes.toctree, nodes.caption, nodes.title
"""What is kept with all that it holds."""


def outline(node: nodes.Element, numbered: tuple[type, ...]) -> nodes.Element:
    """A copy of what numbers need; `numbered` are the kinds that have one even without a title."""
    small = nodes.Element() if isinstance(node, nodes.document) else node.copy()
    small.rawsource = ""
    for child in node.children:
        if isinstance(child, KEPT):
            small += child.deepcopy()
        elif isinstance(child, nodes.Element) and ((part := outline(child, numbered)).children or isinstance(child, numbered)):
            small += part
    return small


def keep(app: Any, doctree: nodes.document) -> None:
    """Note the outline of a page that was read; and its exercises are stored without the page."""
    env = app.env
    kinds = {kind for domain in env.domains.values() for kind in domain.enumerable_nodes} - {nodes.container}
    vars(env).setdefault("outlines", {})[env.docname] = alone(outline(doctree, tuple(kinds)))
    for told in getattr(env, "sphinx_exercise_registry", {}).values():
        if told["docname"] == env.docname:
            told["node"] = alone(told["node"].deepcopy())


def alone(root: nodes.Element) -> nodes.Element:
    """The same nodes, none of which remembers its page."""
    for node in root.findall():
        node._document = None
    return root


def give(app: Any, env: Any) -> list[str]:
    """Have Sphinx's numbering get outlines for pages."""
    env.get_doctree = env.outlines.__getitem__
    return []


def take_back(app: Any, env: Any) -> list[str]:
    """After it, pages are pages."""
    del env.get_doctree
    return []


def setup(app: Any) -> dict[str, bool]:
    """After all that changes a page as it is read; around what asks for all pages."""
    app.connect("doctree-read", keep, 999)
    app.connect("env-get-updated", give, 1)
    app.connect("env-get-updated", take_back, 999)
    return {"parallel_read_safe": False, "parallel_write_safe": True}
