"""Who a page is: a sentence of its own, its address, and the files that a host asks for.

The sentence is the page's own beginning: the question that opens a chapter, what a notebook lets you do. The cover lies
where the folder's address leads. A host gets `.nojekyll`, `robots.txt`, a page for wrong addresses and pages that lead on
from old ones; with `html.baseurl`, each page has its full address, and all of them stand in `sitemap.xml`.
"""

import re
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from docutils import nodes
from tex_as_text import as_text

LONGEST = 160
OWN = {
    "search": "Find a symbol such as w212, a term, or a function of the package bpcourse in all chapters and notebooks.",
    "genindex": "Every class and function of the package bpcourse, from A to Z, with the place where it is explained.",
    "py-modindex": "The modules of the package bpcourse that the book's chapters and notebooks import.",
    "404": "No page has this address. Here are all chapters of the book.",
}
"""What Sphinx and this file write without prose."""


def words(node: nodes.Node) -> str:
    """The text of a node, formulas as signs, without citations."""
    if isinstance(node, nodes.math):
        return as_text(node.astext())
    if isinstance(node, nodes.Text):
        return node.astext()
    if "bibtex-citation" in node["classes"]:
        return ""
    return re.sub(r"\s+(?=[,.;:])", "", re.sub(r"\s+", " ", "".join(map(words, node.children))))


def shortened(text: str) -> str:
    """The whole sentences, or else clauses or words, that a search engine has room for."""
    if len(text) <= LONGEST:
        return text
    for end, stop in (r"[.?!](?=\s)", ""), (r"(?=,\s)", "."), (r"(?=\s)", " …"):
        if match := re.match(rf".{{40,{LONGEST - 2}}}{end}", text):
            return match[0] + stop
    return text[: LONGEST - 1] + "…"


def description(app: Any, page: str, doctree: nodes.document | None) -> str:
    """The page's sentence: its front matter's, its opening question, or how it begins."""
    written = app.env.metadata.get(page, {}).get("description") or OWN.get(page)
    opening = doctree and next((p for p in doctree.findall(nodes.paragraph) if isinstance(p.parent, nodes.section)), None)
    if written or opening is None:
        return written or f"{app.env.titles[page].astext()}: {app.config.project}."
    text = re.sub(r"^This notebook goes with (chapter \d+): you ", r"Notebook of \1: ", words(opening))
    question = next((bold for bold in map(words, opening.findall(nodes.strong)) if bold.endswith("?")), None)
    return shortened(text if question is None or len(text) <= LONGEST else question)


def address(app: Any, page: str) -> str | None:
    """The full address of a page, where the book's is known."""
    base = app.config.html_baseurl
    return base and base.rstrip("/") + "/" + re.sub(r"^index\.html$", "", app.builder.get_target_uri(page))


def introduce(app: Any, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """What identity.html says of the page."""
    context |= {"description": description(app, page, doctree), "pageurl": address(app, page), "author": app.config.author}
    if page in app.env.titles:
        context["title"] = escape(app.env.titles[page].astext())  # without the section's number
    if app.config.html_baseurl:
        context["card"] = f"{app.config.html_baseurl.rstrip('/')}/_static/card.png"


def lay_cover_on_top(app: Any) -> None:
    """Write the cover to `index.html`, wherever its source lies, and let all links lead there."""
    builder, cover = app.builder, app.config.root_doc
    if builder.name == "html":
        uri, file = builder.get_target_uri, builder.get_outfilename
        builder.get_target_uri = lambda page, typ=None: uri("index" if page == cover else page, typ)
        builder.get_outfilename = lambda page: file("index" if page == cover else page)


def page_for_wrong_addresses(app: Any) -> Iterator[tuple[str, dict[str, str], str]]:
    """What a host shows in the place of a page that is not there."""
    if app.builder.name == "html":
        yield "404", {"title": "No such page"}, "404.html"


def moved(app: Any) -> dict[str, str]:
    """Where each old address leads, both from the top of the book."""
    pages = dict(app.config.moved)
    if app.config.root_doc != "index":
        pages[app.config.root_doc] = app.config.root_doc
    return {f"{old}.html": app.builder.get_target_uri(new) for old, new in pages.items()}


LEADS_ON = """<!DOCTYPE html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>{title}</title>
  <meta name="description" content="This page has moved.">
  <meta http-equiv="refresh" content="0; url={to}">
</head>
<body><main><h1>This page has moved</h1><p><a href="{to}">{title}</a></p></main></body>
</html>
"""


def furnish(app: Any, exception: Exception | None) -> None:
    """The files beside the pages."""
    if exception or app.builder.name != "html":
        return
    html = Path(app.outdir)
    for old, new in moved(app).items():
        path = html / old
        path.parent.mkdir(parents=True, exist_ok=True)
        to = "../" * old.count("/") + new
        path.write_text(LEADS_ON.format(title=escape(app.config.project), to=escape(to)), encoding="utf-8")
    # A wrong address has any depth, so on this page every address begins at the top of the host.
    top, wrong = urlsplit(app.config.html_baseurl).path.rstrip("/") + "/", html / "404.html"
    here = re.compile(r'(\s(?:href|src|action|data-content_root)=")(?![/#]|[a-z]+:)(?:\./)?')
    wrong.write_text(here.sub(rf"\g<1>{top}", wrong.read_text(encoding="utf-8")), encoding="utf-8")
    (html / ".nojekyll").touch()
    robots, sitemap = "User-agent: *\nAllow: /\n", html / "sitemap.xml"
    sitemap.unlink(missing_ok=True)
    if app.config.html_baseurl:
        pages = "".join(f"<url><loc>{escape(address(app, page))}</loc></url>\n" for page in sorted(app.env.found_docs))
        sitemap.write_text(f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{pages}</urlset>\n', encoding="utf-8")
        robots += f"Sitemap: {app.config.html_baseurl.rstrip('/')}/sitemap.xml\n"
    (html / "robots.txt").write_text(robots, encoding="utf-8")


def setup(app: Any) -> dict[str, bool]:
    """Named after `fresh`, which removes pages that no source stands behind."""
    app.add_config_value("moved", {}, "html")
    app.connect("builder-inited", lay_cover_on_top)
    app.connect("html-page-context", introduce)
    app.connect("html-collect-pages", page_for_wrong_addresses)
    app.connect("build-finished", furnish)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
