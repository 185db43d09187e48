"""Zip, EPUB and PDF say what the built pages say, open by themselves, and are the same from the same pages."""

import json
import os
import re
import shutil
import subprocess
import zipfile

import epub
import pypdfium2
import pytest
import zipped
from counted import MARGIN, NOT_TEXT, ON_SCREEN_ONLY, in_epub, in_pdf, numbers, of_page, texts, written
from lxml import etree, html
from still import HTML, contents

PAGES = [*contents()]
NAMES = [page.name for page in PAGES]


def built(name: str):
    return html.parse(HTML / f"{name}.html", html.HTMLParser(encoding="utf-8"))


def title(name: str) -> str:
    return " ".join("".join(texts(built(name).find(".//article//h1"), NOT_TEXT | ON_SCREEN_ONLY | {"katex-mathml"})).split())


def of_addresses(name: str):
    """The numbers of the addresses of other sites, which the PDF prints."""
    links = built(name).xpath("//article//a[starts-with(@href, 'http')]")
    return numbers([link.get("href") for link in links if link.text_content() != link.get("href")])


def differences(told, wanted) -> dict:
    """What is missing and what is too much."""
    return {} if told == wanted else {"missing": dict(wanted - told), "too many": dict(told - wanted)}


def test_the_editions_have_every_page(edition):
    paths = [path.relative_to(HTML) for folder in ("book", "notebooks") for path in HTML.glob(f"{folder}/*.html")]
    assert {path.with_suffix("").as_posix() for path in paths} - {"book/index"} == {*NAMES} - {"index", "genindex"}


def test_the_epub_has_every_number_of_every_page(edition):
    found = in_epub(edition("epub"))
    wrong = {page.name: differences(found[page.key], of_page(HTML / f"{page.name}.html", "mathml")) for page in PAGES}
    assert not {name: told for name, told in wrong.items() if told}


def test_the_pdf_has_every_number_of_every_page(edition):
    found = dict(zip(NAMES, in_pdf(edition("pdf"), [title(name) for name in NAMES])))
    wanted = {page.name: of_page(HTML / f"{page.name}.html", "html") + of_addresses(page.name) for page in PAGES}
    found["genindex"] &= wanted["genindex"]  # the index has page numbers besides
    wrong = {name: differences(found[name], wanted[name]) for name in wanted}
    assert not {name: told for name, told in wrong.items() if told}


@pytest.mark.parametrize("kind, module", [("zip", zipped), ("epub", epub)])
def test_the_same_pages_give_the_same_bytes(edition, kind, module, tmp_path):
    again = module.build(tmp_path / edition(kind).name)
    assert again.read_bytes() == edition(kind).read_bytes()


def test_the_zip_is_the_built_folder_and_unpacks_everywhere(edition):
    with zipfile.ZipFile(edition("zip")) as packed:
        files = {name.removeprefix(f"{edition('zip').stem}/"): packed.read(name) for name in packed.namelist()}
    paths = {path.relative_to(HTML).as_posix(): path for path in HTML.rglob("*") if path.is_file()}
    assert {*paths} - {*files} <= {".built", ".buildinfo"}
    assert all(content == paths[name].read_bytes() for name, content in files.items())
    assert all(name.isascii() and len(name) < 120 and not re.search(r'[:*?"<>|\\]', name) for name in files)
    assert len({name.lower() for name in files}) == len(files), "two files are one on a disk that ignores capitals"


def test_the_epub_is_whole(edition):
    """Links lead to places that are there; no script, no picture from elsewhere; each picture says what it is."""
    with zipfile.ZipFile(edition("epub")) as book:
        files = {name.removeprefix("EPUB/"): book.read(name) for name in book.namelist()}
    assert next(iter(files)) == "mimetype"
    pages = {name: etree.fromstring(content) for name, content in files.items() if name.endswith(".xhtml")}
    ids = {name: set(page.xpath("//@id")) for name, page in pages.items()}
    for name, page in pages.items():
        for address in page.xpath("//*[local-name()='a']/@href"):
            file, _, place = address.partition("#")
            if not address.startswith("http"):
                assert (file or name) in pages and (not place or place in ids[file or name]), (name, address)
        assert not page.xpath("//*[local-name()='script' or local-name()='form' or @onclick]"), name
        assert all(image.get("src") in files and image.get("alt") for image in page.iter("{*}img")), name
        for picture in page.xpath("//*[local-name()='svg' and @class='bp']"):
            assert picture.get("aria-label") and "var(" not in etree.tostring(picture, encoding="unicode"), name


@pytest.mark.skipif(not shutil.which("epubcheck"), reason="needs EPUBCheck (Debian, Ubuntu: apt-get install epubcheck)")
def test_epubcheck_finds_nothing(edition, tmp_path):
    report = tmp_path / "report.json"
    program = shutil.which("epubcheck")
    command = ["java", "-jar", program] if zipfile.is_zipfile(program) else [program]  # Debian's is a jar
    subprocess.run([*command, edition("epub"), "--json", report], capture_output=True, env=os.environ | {"LC_ALL": "C.UTF-8"})
    found = json.loads(report.read_text(encoding="utf-8"))["messages"]
    assert not [message for message in found if message["severity"] in ("FATAL", "ERROR", "WARNING")]


def test_the_pdf_leads_where_it_says(edition):
    """Every page has its bookmark, below its part's, and the contents give the number that stands at the foot of its sheet."""
    with pypdfium2.PdfDocument(edition("pdf")) as pdf:
        marks = [(mark.level, " ".join(mark.get_title().split())) for mark in pdf.get_toc()]
        assert [name for level, name in marks if level == 0] == [
            "Contents",
            *dict.fromkeys(page.part for page in PAGES if page.part),
        ]
        assert [name for level, name in marks if level == 1] == [title(name) for name in NAMES]
        starts = {title: mark.get_dest().get_index() for mark, (level, title) in zip(pdf.get_toc(), marks) if level == 1}
        pieces = ["".join(piece.split()) for k in range(2, min(starts.values())) for piece in written(pdf[k])]
        told = "\n".join(filter(None, pieces))  # PDFium leaves out some spaces
        for name, start in starts.items():
            letters = "\n?".join(map(re.escape, "".join(name.split())))
            assert re.search(rf"^{letters}\n{start + 1}$", told, re.M), name
            assert pdf[start].get_textpage().get_text_bounded(top=MARGIN).strip() == str(start + 1)
