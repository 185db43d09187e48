"""Every built page as Lighthouse sees it on a phone, and as the Nu HTML checker reads it: `make audit`.

    python tools/audit                   all pages
    python tools/audit 'book/07*'        those with such a path
    python tools/audit --html 'book/*'   by the HTML checker alone

The pages come compressed from a plain server. A page that misses the goal for speed alone is measured three times, and
the median counts: a busy machine is slow once. Ends with failure where a goal is missed. Needs Node, npm and Java.
"""

from __future__ import annotations

import argparse
import contextlib
import fnmatch
import gzip
import json
import math
import os
import runpy
import shutil
import statistics
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from subprocess import PIPE
from typing import Any, NamedTuple

HERE = Path(__file__).parent
HTML = HERE.parents[1] / "_build" / "html"
CHECKER = HERE / "node_modules" / "vnu-jar" / "build" / "dist" / "vnu.jar"
PROGRAMS = {
    "node": "Node 18.20 or newer",
    "npm": "npm, which comes with Node",
    "java": "Java 11 or newer, for the HTML checker (Debian: apt-get install default-jre-headless)",
}


class Goal(NamedTuple):
    """A column of the table: what is measured, its head, its decimals, and what it must be."""

    name: str
    head: str
    decimals: int = 0
    least: float = -math.inf
    most: float = math.inf

    def missed(self, found: float | None) -> bool:
        """Whether a page misses it; so does one that has no such number."""
        return found is None or not self.least <= found <= self.most

    def shown(self, found: float | None) -> str:
        """The number, marked where it misses the goal."""
        return ("none" if found is None else f"{found:.{self.decimals}f}") + ("!" if self.missed(found) else "")


GOALS = [
    Goal("performance", "speed", least=98),
    Goal("accessibility", "access", least=100),
    Goal("best-practices", "practice", least=100),
    Goal("seo", "search", least=100),
    Goal("kilobytes", "KB", most=250),
    Goal("shift", "shift", 3, most=0.01),
    Goal("largest", "largest/ms"),
    Goal("first", "first/ms"),
    Goal("blocked", "blocked/ms"),
    Goal("machine", "machine"),
    Goal("errors", "HTML", most=0),
]


class Compressed(SimpleHTTPRequestHandler):
    """Sends a file, compressed where it is text, to be kept for an hour."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """The file at this path."""
        path = Path(self.translate_path(self.path))
        path = path / "index.html" if path.is_dir() else path
        if not path.is_file():
            return self.send_error(404)
        kind, told = self.guess_type(path), path.read_bytes()
        text = kind.startswith("text/") or kind.endswith(("javascript", "json", "+xml"))
        told = gzip.compress(told) if text else told
        self.send_response(200)
        self.send_header("Content-Type", f"{kind}; charset=utf-8" if text else kind)
        self.send_header("Content-Length", str(len(told)))
        self.send_header("Cache-Control", "max-age=3600")
        if text:
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, *args: Any) -> None:
        """Nothing."""


@contextlib.contextmanager
def served() -> Iterator[str]:
    """The address of the book on a server of its own."""
    with ThreadingHTTPServer(("127.0.0.1", 0), lambda *args: Compressed(*args, directory=HTML)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@contextlib.contextmanager
def lighthouse() -> Iterator[Callable[[str], dict[str, Any]]]:
    """Tells what Lighthouse says of a page. One at a time: two would slow each other."""
    browser = runpy.run_path(str(HERE.parents[1] / "tests" / "browser" / "conftest.py"))
    variables = os.environ | {"CHROME_PATH": browser["chromium"](browser["CHROMIUM"])}
    command = ["node", str(HERE / "lighthouse.mjs"), json.dumps(browser["FLAGS"])]
    with served() as address, subprocess.Popen(command, env=variables, stdin=PIPE, stdout=PIPE, text=True) as running:

        def said(page: str) -> dict[str, Any]:
            print(f"{address}/{page}", file=running.stdin, flush=True)
            line = running.stdout.readline() if running.stdout else ""
            return json.loads(line) if line else sys.exit(f"Lighthouse ended at {page}")

        yield said


def measured(pages: Sequence[str]) -> Iterator[dict[str, Any]]:
    """What Lighthouse says of each page; of one that is too slow, the median of three runs."""
    speed = GOALS[0]
    with lighthouse() as said:
        for page in pages:
            found = said(page)
            if speed.missed(found["performance"]) and not found.get("error"):
                runs = [found, said(page), said(page)]
                middle = statistics.median_low(run["performance"] for run in runs)
                found = next(run for run in runs if run["performance"] == middle)
            yield found | {"page": page}


def html_errors(pages: Sequence[str]) -> dict[str, Counter[str]]:
    """What the HTML checker finds wrong with each page, and how often."""
    command = ["java", "-Xss8m", "-jar", str(CHECKER), "--errors-only", "--format", "json", *(str(HTML / page) for page in pages)]
    run = subprocess.run(command, capture_output=True, text=True)
    found: dict[str, Counter[str]] = {page: Counter() for page in pages}
    for message in json.loads(run.stderr)["messages"]:
        page = Path(message["url"].removeprefix("file:")).relative_to(HTML).as_posix()
        found[page][message.get("message", "the checker failed")] += 1
    return found


def built_pages(patterns: Sequence[str]) -> list[str]:
    """The pages with such a path, or all."""
    paths = [path for path in sorted(HTML.rglob("*.html")) if "_static" not in path.parts]
    pages = [path.relative_to(HTML).as_posix() for path in paths]
    return [page for page in pages if any(fnmatch.fnmatch(page, pattern) for pattern in patterns or ["*"])]


def leads_away(page: str) -> bool:
    """Whether a page only sends its reader to another."""
    return 'http-equiv="refresh"' in (HTML / page).read_text(encoding="utf-8")


def ready() -> None:
    """Ask for the programs, and fetch the packages at the first use."""
    missing = [told for program, told in PROGRAMS.items() if shutil.which(program) is None]
    if missing:
        sys.exit(f"The audit needs {'; '.join(missing)}")
    lock, stored = HERE / "package-lock.json", HERE / "node_modules" / ".package-lock.json"
    if not stored.exists() or stored.stat().st_mtime < lock.stat().st_mtime:
        print("Fetching Lighthouse and the HTML checker (once)", flush=True)
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], cwd=HERE, check=True)


def main() -> None:
    """Print a line a page, then what is wrong."""
    parser = argparse.ArgumentParser(prog="audit", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", nargs="*", help="paths below _build/html, with * and ?; all pages if there are none")
    parser.add_argument("--html", action="store_true", help="the HTML checker alone")
    asked = parser.parse_args()
    pages = built_pages(asked.pages)
    if not pages:
        sys.exit(f"pages: expected some below {HTML}, got none{' like ' + ', '.join(asked.pages) if asked.pages else ''}")
    ready()
    errors = html_errors(pages)
    goals = GOALS[-1:] if asked.html else GOALS
    width = max(map(len, pages))
    print("page".ljust(width), *(goal.head.rjust(10) for goal in goals))
    wrong = []
    for found in ({"page": page} for page in pages) if asked.html else measured([page for page in pages if not leads_away(page)]):
        found["errors"] = errors[found["page"]].total()
        told = [(goal, found.get(goal.name)) for goal in goals]
        print(found["page"].ljust(width), *(goal.shown(number).rjust(10) for goal, number in told), flush=True)
        missed = [goal.head for goal, number in told if goal.missed(number)]
        reasons = [found.get("error"), *found.get("failed", ()), *(f"{n} × {text}" for text, n in errors[found["page"]].items())]
        wrong += [": ".join(filter(None, [found["page"], ", ".join(missed), "; ".join(filter(None, reasons))]))] if missed else []
    wrong += [f"{page}: HTML: {text}" for page in pages if not asked.html and leads_away(page) for text in errors[page]]
    print(*(["", *wrong] if wrong else ["", "All goals are met"]), sep="\n")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
