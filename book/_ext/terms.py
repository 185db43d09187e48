"""A term of the glossary shows its definition where it stands, and every heading, figure, equation and exercise a link to copy.

A page carries the definitions of the terms that it links, rendered from the glossary itself, each closed in a popover that
`find.js` opens on hover, focus and tap, if it does not stand in the margin (`margin.py`). To a screen reader they describe
the links.
"""

import re
from typing import Any

import together
from docutils import nodes
from sphinx import addnodes

from bpcourse.language import tr

TERM = re.compile(r'<a class="reference internal" (?=href="[^"#]*#(term-[^"]+)"[^>]*><span class="xref std std-term">)')
EXERCISE = re.compile(r'(<div class="exercise admonition" id="([^"]+)">\s*<p class="admonition-title">.*?)</p>', re.S)
LINK = re.compile(r'<a class="headerlink" href="([^"]*)" title="([^"]*)">')


def note_terms(app: Any, doctree: nodes.document) -> None:
    """Remember which pages link to terms, and whether a glossary was read anew."""
    if any(node["reftype"] == "term" for node in doctree.findall(addnodes.pending_xref)):
        app.env.metadata[app.env.docname]["terms"] = True
    app.glossary_is_new |= next(doctree.findall(addnodes.glossary), None) is not None


def pages_with_terms(app: Any, env: Any) -> list[str]:
    """They are written again when the glossary has changed."""
    return sorted(name for name, told in env.metadata.items() if "terms" in told) if app.glossary_is_new else []


def entry(app: Any, anchor: str) -> nodes.definition_list_item | None:
    """The term and its definition, where there is one under this anchor; its page is read once a term."""
    if anchor not in app.entries:
        pages = {page for _, kind, page in places(app.env, anchor) if kind == "term"}
        items = (item for page in pages for item in app.env.get_doctree(page).findall(nodes.definition_list_item))
        app.entries[anchor] = next(
            (item for item in items if any(anchor in term["ids"] for term in item.findall(nodes.term))), None
        )
    return app.entries[anchor]


def definition(app: Any, anchor: str) -> str:
    """The definition as HTML; nothing where there is none."""
    if anchor not in app.definitions:
        item = entry(app, anchor)
        parts = [part.deepcopy() for part in (item[-1].children if item else ())]
        for part in parts:
            together.hold(part)
        app.definitions[anchor] = "".join(app.builder.render_partial(part)["fragment"] for part in parts)
    return app.definitions[anchor]


def places(env: Any, anchor: str) -> list[tuple[str, str, str]]:
    """Name, kind and page of what the standard domain knows under an anchor."""
    return [(name, kind, page) for (kind, name), (page, at) in env.get_domain("std").objects.items() if at == anchor]


def add_definitions(app: Any, pagename: str, templatename: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """Describe the links to terms, append what describes them, and name the links to copy."""
    if app.builder.name != "html" or "body" not in context:
        return
    link = f'<a class="headerlink" href="#\\2" title="{tr("Link to this exercise")}">{app.config.html_permalinks_icon}</a>'
    body = EXERCISE.sub(rf"\1{link}</p>", context["body"])
    context["body"] = LINK.sub(r'<a class="headerlink" href="\1" title="\2" aria-label="\2">', body)
    if "terms" not in app.env.metadata.get(pagename, {}):
        return
    anchors = [anchor for anchor in dict.fromkeys(TERM.findall(body)) if definition(app, anchor)]

    def described(match: re.Match[str]) -> str:
        known = match[1] in anchors
        return f'{match[0]}aria-describedby="def-{match[1].removeprefix("term-")}" ' if known else match[0]

    names = {f"def-{anchor.removeprefix('term-')}": anchor for anchor in anchors}
    boxes = [
        f'<div class="definition" id="{name}" popover="manual">{definition(app, anchor)}</div>'
        for name, anchor in names.items()
        if f'id="{name}"' not in body  # the others are in the margin
    ]
    context["body"] = TERM.sub(described, context["body"]) + "\n".join(boxes)


def begin(app: Any) -> None:
    """Nothing is known yet."""
    app.entries, app.definitions, app.glossary_is_new = {}, {}, False


def setup(app: Any) -> dict[str, bool]:
    """Listen when pages are read and written."""
    app.connect("builder-inited", begin)
    app.connect("doctree-read", note_terms)
    app.connect("env-updated", pages_with_terms)
    app.connect("html-page-context", add_definitions, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
