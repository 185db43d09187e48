"""Build what is translated of the book: `make translation LANGUAGE=de`.

The catalogues lie in `book/locale/de/LC_MESSAGES`: `words.po` has the words of explorers, exercises, scripts and
templates, and each page that is translated has one of its name, `book/01-nudging-a-product.po`. The pages without one
are left out, but for the cover, which a book must have, and notebooks of translated chapters.

Sentences without a translation stay English. They are listed and put, empty, at the end of their catalogue; so an empty
file is all that a new page needs. A second argument names another folder than `_build/de`.
"""

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import yaml
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parent.parent


def read(path: Path) -> Catalog:
    """A catalogue."""
    with path.open("rb") as file:
        return read_po(file)


def kept(entries: list[Any], pages: set[str]) -> list[Any]:
    """The chapters that are translated, with their notebooks."""
    return [entry for entry in entries if entry["file"] in pages]


def contents(pages: set[str], words: Catalog) -> dict[str, Any]:
    """The table of contents, without what is not translated."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    parts = [
        {**part, "caption": told(words, part["caption"]), "chapters": chapters}
        for part in toc["parts"]
        if (chapters := kept(part["chapters"], pages))
    ]
    return {**toc, "parts": parts}


def told(words: Catalog, text: str) -> str:
    """The text in the catalogue's language."""
    found = words.get(text)
    return str(found.string) if found and found.string else text


def settings(language: str, locale: Path, words: Catalog) -> dict[str, Any]:
    """The book's settings in another language."""
    config: dict[str, Any] = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    sphinx = config["sphinx"]
    sphinx["local_extensions"] = {name: str(ROOT / folder) for name, folder in sphinx["local_extensions"].items()}
    own = {"language": language, "locale_dirs": [str(locale)], "gettext_compact": False}
    prompt = {"nb_code_prompt_show": told(words, sphinx["config"]["nb_code_prompt_show"])}
    sphinx["config"] |= {**own, **prompt, "project": told(words, config["title"])}
    return {**config, "title": told(words, config["title"]), "author": told(words, config["author"])}


def add(missed: dict[str, list[str]], folder: Path) -> None:
    """Put sentences without a translation into the catalogues that there are."""
    for name, texts in missed.items():
        path = folder / f"{name}.po"
        if path.exists():
            catalog = read(path)
            for text in texts:
                catalog.add(text)
            with path.open("wb") as file:
                write_po(file, catalog, width=110, omit_header=False)


def main(language: str, out: Path) -> int:
    """Build, list what stays English, and say where to open the pages."""
    source = ROOT / "book" / "locale" / language / "LC_MESSAGES"
    if not (source / "words.po").exists():
        there = ", ".join(sorted(path.name for path in (ROOT / "book" / "locale").glob("*")))
        print(
            f"LANGUAGE: expected one of {there}, got {language!r}; an empty {source.relative_to(ROOT)}/words.po begins another."
        )
        return 2
    pages = {path.relative_to(source).with_suffix("").as_posix() for path in source.rglob("*.po")} - {"words"}
    locale = out / "locale"
    before = [path.read_bytes() for path in sorted(locale.rglob("*.po"))]
    shutil.rmtree(locale, ignore_errors=True)
    shutil.copytree(source, locale / language / "LC_MESSAGES")
    if before != [path.read_bytes() for path in sorted(locale.rglob("*.po"))]:
        shutil.rmtree(out / "_build", ignore_errors=True)
    words, compiled, noted = read(source / "words.po"), out / "words.mo", out / "missed.jsonl"
    with compiled.open("wb") as file:
        write_mo(file, words)
    (out / "_config.yml").write_text(yaml.safe_dump(settings(language, locale, words), allow_unicode=True), encoding="utf-8")
    (out / "_toc.yml").write_text(yaml.safe_dump(contents(pages, words), allow_unicode=True, sort_keys=False), encoding="utf-8")
    # What was noted belongs to the pages that were read: all are read again.
    noted.write_text("")
    options = ["--all", "--path-output", str(out), "--config", str(out / "_config.yml"), "--toc", str(out / "_toc.yml")]
    command = [sys.executable, "-E", str(ROOT / "tools" / "build_book.py"), str(ROOT), *options]
    variables = {"BPCOURSE_WORDS": str(compiled), "BPCOURSE_MISSED": str(noted)}
    run = subprocess.run(command, env=os.environ | variables, capture_output=True, text=True)
    if run.returncode:
        print(run.stdout, run.stderr)
        return run.returncode
    missed: dict[str, list[str]] = {}
    for name, text in dict.fromkeys(tuple(json.loads(line)) for line in noted.read_text(encoding="utf-8").splitlines()):
        missed.setdefault(name, []).append(text)
    add(missed, source)
    print("English stays: all of the book that has no catalogue, what cells print, code, and messages of errors.")
    for name, count in Counter({name: len(texts) for name, texts in missed.items()}).items():
        few = "" if name not in pages | {"words"} else ": " + "; ".join(text[:60] for text in missed[name][:20])
        print(f"  {name}: {count} sentences{few}")
    print(f"Open {out / '_build' / 'html' / 'index.html'} in a browser.")
    return 0


if __name__ == "__main__":
    chosen = sys.argv[1]
    sys.exit(main(chosen, Path(sys.argv[2]) if len(sys.argv) > 2 else ROOT / "_build" / chosen))
