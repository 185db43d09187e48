"""The book as EPUB 3: a file a page, formulas as MathML, pictures as SVG, no script."""

import re
import uuid
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from cover import cover
from lxml import etree, html
from still import AUTHOR, HTML, ROOT, TITLE, VERSION, Page, coloured, contents, still
from zipped import pack

PAGE = """\
<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" lang="en" xml:lang="en">
<head><title>{title}</title><link rel="stylesheet" href="book.css"/></head>
<body>
{body}
</body>
</html>
"""
PACKAGE = """\
<?xml version="1.0" encoding="utf-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id" xml:lang="en">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:identifier id="id">urn:uuid:{id}</dc:identifier>
<dc:title>{title}</dc:title>
<dc:language>en</dc:language>
<dc:creator>{author}</dc:creator>
<dc:description>A course textbook on backpropagation in which every number is computed.</dc:description>
<dc:rights>Text and code: MIT. The digits are by E. Alpaydin and C. Kaynak, CC BY 4.0.</dc:rights>
{subjects}
<dc:date>{date}</dc:date>
<meta property="dcterms:modified">{date}T00:00:00Z</meta>
<meta property="schema:accessMode">textual</meta>
<meta property="schema:accessMode">visual</meta>
<meta property="schema:accessModeSufficient">textual</meta>
<meta property="schema:accessModeSufficient">textual,visual</meta>
<meta property="schema:accessibilityFeature">alternativeText</meta>
<meta property="schema:accessibilityFeature">describedMath</meta>
<meta property="schema:accessibilityFeature">displayTransformability</meta>
<meta property="schema:accessibilityFeature">index</meta>
<meta property="schema:accessibilityFeature">MathML</meta>
<meta property="schema:accessibilityFeature">readingOrder</meta>
<meta property="schema:accessibilityFeature">structuralNavigation</meta>
<meta property="schema:accessibilityFeature">tableOfContents</meta>
<meta property="schema:accessibilityHazard">none</meta>
<meta property="schema:accessibilitySummary">Formulas are MathML, and every picture has a description in words.</meta>
</metadata>
<manifest>
{manifest}
</manifest>
<spine>
{spine}
</spine>
</package>
"""
CONTAINER = """\
<?xml version="1.0" encoding="utf-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles><rootfile full-path="EPUB/package.opf" media-type="application/oebps-package+xml"/></rootfiles>
</container>
"""
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
HERE = Path(__file__).parent
NAMESPACES = {
    "svg": 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"',
    "math": 'xmlns="http://www.w3.org/1998/Math/MathML"',
}
TYPES = {
    ".xhtml": "application/xhtml+xml",
    ".css": "text/css",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".jpg": "image/jpeg",
}


class Chapter(NamedTuple):
    """A page as a file of the EPUB."""

    page: Page
    title: str
    sections: list[tuple[str, str]]
    body: str

    @property
    def file(self) -> str:
        """What it is called."""
        return f"{self.page.key}.xhtml"


def chapter(page: Page, files: dict[str, str]) -> Chapter:
    """A page with its links among `files`, the file of each page."""
    article = still(page.name, "mathml")
    for link in list(article.iter("a")):
        target, mark, place = link.get("href").partition("#")
        if target in files:
            link.set("href", files[target] + mark + place)
        elif not target.startswith("http"):
            link.drop_tag()
    for image in article.iter("img"):
        image.set("src", f"images/{Path(image.get('src')).name}")
    for matrix in [el for el in article.iter("span") if "bp-matrix" in el.classes]:
        new = as_mathml(matrix)
        new.tail = matrix.tail
        matrix.getparent().replace(matrix, new)
    for formula in article.find_class("math"):
        if formula.tag == "div":  # scrolls where it is wider than the screen, so keys must reach it
            formula.set("tabindex", "0")
    sections = [(el.getparent().get("id"), el.text_content()) for el in article.iter("h2") if el.getparent().get("id")]
    body = coloured("".join(etree.tostring(el, encoding="unicode") for el in article))
    for tag, names in NAMESPACES.items():
        body = re.sub(rf"<{tag}(?=[ >])", f"<{tag} {names}", body)
    return Chapter(page, " ".join(article.find(".//h1").text_content().split()), sections, body)


def as_mathml(matrix: Any) -> Any:
    """A matrix of numbers, a grid in the page, as a formula."""
    rows = ["".join(f"<mtd><mn>{el.text}</mn></mtd>" for el in row) for row in matrix]
    table = "".join(f"<mtr>{row}</mtr>" for row in rows)
    return html.fromstring(f"<math><mrow><mo>[</mo><mtable>{table}</mtable><mo>]</mo></mrow></math>")


def navigation(chapters: list[Chapter]) -> str:
    """The contents: parts, chapters, sections."""
    items, part = [], ""
    for chapter in chapters:
        if chapter.page.part != part:
            if part:
                items.append("</ol></li>")
            part = chapter.page.part
            items.append(f"<li><span>{escape(part)}</span><ol>")
        places = "".join(f'<li><a href="{chapter.file}#{place}">{escape(title)}</a></li>' for place, title in chapter.sections)
        below = f"<ol>{places}</ol>" if places else ""
        items.append(f'<li><a href="{chapter.file}">{escape(chapter.title)}</a>{below}</li>')
    items.append("</ol></li>")
    listed = "\n".join(items)
    return f'<nav epub:type="toc" role="doc-toc" id="toc"><h1>Contents</h1><ol>\n{listed}\n</ol></nav>'


def key(name: str) -> str:
    """A file's name as an id."""
    return re.sub(r"[^\w-]", "-", f"f-{name}")


def item(name: str, text: str) -> str:
    """A file's line in the manifest."""
    marks = {"nav.xhtml": "nav", "cover.png": "cover-image"}.get(
        name, " ".join(f for f, tag in (("mathml", "<math"), ("svg", "<svg")) if tag in text)
    )
    properties = f' properties="{marks}"' if marks else ""
    return f'<item id="{key(name)}" href="{name}" media-type="{TYPES[Path(name).suffix]}"{properties}/>'


def document(title: str, body: str) -> str:
    """A file of the EPUB."""
    return PAGE.format(title=escape(title), body=body)


def build(path: Path) -> Path:
    """Write the EPUB."""
    pages = list(contents())
    files = {page.name: f"{page.key}.xhtml" for page in pages}
    chapters = [chapter(page, files) for page in pages]
    made = {
        "cover.xhtml": document("Cover", f'<section epub:type="cover"><img src="cover.png" alt="{escape(TITLE)}"/></section>'),
        "nav.xhtml": document("Contents", navigation(chapters)),
        **{
            one.file: document(one.title, f'<section epub:type="chapter" role="doc-chapter">{one.body}</section>')
            for one in chapters
        },
        "book.css": (HERE / "book.css").read_text(encoding="utf-8"),
    }
    used = sorted({name for one in chapters for name in re.findall(r'<img[^>]* src="images/([^"]+)"', one.body)})
    images = {f"images/{name}": (HTML / "_images" / name).read_bytes() for name in used}
    contained = {"cover.png": cover(), **{name: text.encode() for name, text in made.items()}, **images}
    items = [item(name, made.get(name, "")) for name in contained]
    spine = "\n".join(f'<itemref idref="{key(name)}"/>' for name in made if name.endswith(".xhtml"))
    package = PACKAGE.format(
        id=uuid.uuid5(uuid.NAMESPACE_URL, f"{TITLE} {VERSION}"),
        title=escape(TITLE),
        author=escape(AUTHOR),
        subjects="\n".join(f"<dc:subject>{word}</dc:subject>" for word in CITATION["keywords"]),
        date=CITATION["date-released"],
        manifest="\n".join(items),
        spine=spine,
    )
    return pack(path, {
        "mimetype": b"application/epub+zip",
        "META-INF/container.xml": CONTAINER.encode(),
        "EPUB/package.opf": package.encode(),
        **{f"EPUB/{name}": content for name, content in contained.items()},
    })  # fmt: skip
