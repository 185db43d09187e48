"""Small books with the settings and the extensions of the large one, built as `make book` builds it."""

import html
import os
import re
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parent.parent
CODE = "---\nfile_format: mystnb\nkernelspec: {name: python3, display_name: Python 3}\n---\n\n"


def cell(code: str, options: str = "") -> str:
    return f"```{{code-cell}} python\n{options}{code}\n```\n"


class Book:
    """A folder with pages; the first is the root, the others are numbered chapters."""

    def __init__(self, folder: Path, pages: dict[str, str]):
        self.folder = folder
        settings = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
        sphinx = settings["sphinx"]
        del settings["bibtex_bibfiles"], sphinx["config"]["bibtex_reference_style"]
        sphinx["local_extensions"] = dict.fromkeys(sphinx["local_extensions"], str(ROOT / "book" / "_ext"))
        sphinx["config"] |= {
            "html_static_path": [],
            "html_theme_path": [str(ROOT / "book" / "_theme")],
            "fresh_cells": ["data/*"],
            "fresh_pages": ["_toc.yml"],
            "fresh_own": {"01-one": ["own/*"]},
        }
        sphinx["config"]["extensions"].remove("sphinxcontrib.bibtex")
        for name, text in pages.items():
            self.write(f"{name}.md", text)
        self.write("_config.yml", yaml.safe_dump(settings))
        self.contents(*pages)

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def contents(self, root: str, *chapters: str) -> None:
        part = {"caption": "Part", "numbered": True, "chapters": [{"file": name} for name in chapters]}
        self.write("_toc.yml", yaml.safe_dump({"format": "jb-book", "root": root, "parts": [part]}))

    def build(self, **variables: str) -> subprocess.CompletedProcess:
        command = [sys.executable, str(ROOT / "tools" / "build_book.py"), str(self.folder)]
        return subprocess.run(command, capture_output=True, text=True, env=os.environ | variables)

    def built(self, **variables: str) -> "Book":
        run = self.build(**variables)
        assert run.returncode == 0, run.stdout + run.stderr
        assert "without encryption" not in run.stderr
        return self

    @property
    def html(self) -> Path:
        return self.folder / "_build" / "html"

    def page(self, name: str) -> str:
        return (self.html / f"{name}.html").read_text(encoding="utf-8")

    def text(self, name: str) -> str:
        """What stands in the article of a page."""
        article = re.search(r"<article.*?</article>", self.page(name), re.S)[0]
        return html.unescape(re.sub(r"<[^>]*>", "", article))
