"""Where a notebook can be opened, and how it is taken home.

Every notebook's page offers the notebook as a file, with its outputs and without, and the package that it imports. When
`_config.yml` names the book's repository (Jupyter Book's own keys, see there), it offers Binder and, on GitHub, Colab too;
with the address of a JupyterHub or a JupyterLite also these. A chapter leads to its notebook.
"""

import json
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import yaml
from sphinx.util import logging

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))

from wheel_of_package import wheel

FOLDER = "_notebooks"
INTERFACES = {"jupyterlab": "lab/tree", "classic": "tree"}
HOSTS = {"github.com": "gh", "gitlab.com": "gl"}
BINDER, COLAB = "https://mybinder.org", "https://colab.research.google.com"


class Launch:
    """The addresses under which a notebook of the book opens, by the settings of `_config.yml`."""

    def __init__(self, settings: dict[str, Any]):
        repository, buttons = settings.get("repository") or {}, settings.get("launch_buttons") or {}
        self.url = str(repository.get("url") or "").rstrip("/").removesuffix(".git")
        self.branch = repository.get("branch") or "main"
        self.folder = str(repository.get("path_to_book") or "").strip("/")
        self.interface = INTERFACES.get(buttons.get("notebook_interface", "jupyterlab"), "")
        self.hubs = {
            "Binder": buttons.get("binderhub_url", BINDER),
            "Colab": buttons.get("colab_url", COLAB),
            "JupyterHub": buttons.get("jupyterhub_url"),
            "JupyterLite": buttons.get("jupyterlite_url"),
        }

    def mistakes(self) -> list[str]:
        """What is wrong with the settings."""
        found = []
        if self.url and not is_address(self.url):
            found.append(f"repository.url: expected an address such as https://github.com/you/book, got {self.url!r}")
        if not self.interface:
            found.append(f"launch_buttons.notebook_interface: expected one of {', '.join(INTERFACES)}")
        for name in "Binder", "Colab", "JupyterHub":
            if self.hubs[name] and not is_address(str(self.hubs[name])):
                found.append(f"launch_buttons: expected an address for {name}, got {self.hubs[name]!r}")
        if self.hubs["JupyterHub"] and not self.url:
            found.append("launch_buttons.jupyterhub_url: expected a repository.url too, from which the hub takes the notebooks")
        return found

    def pip(self) -> str:
        """What a hub without the book's files installs."""
        return f"git+{self.url}@{self.branch}" + (f"#subdirectory={self.folder}" if self.folder else "")

    def buttons(self, path: str) -> list[tuple[str, str]]:
        """Name and address of each place where the notebook at this path below the book opens."""
        found = []
        inside = quote(f"{self.folder}/{path}".strip("/"))
        if self.url:
            parts = urlsplit(self.url)
            name, branch = parts.path.strip("/"), quote(self.branch, safe="")
            host = HOSTS.get(parts.netloc)
            where = {"gh": f"gh/{name}", "gl": f"gl/{quote(name, safe='')}"}.get(host or "", f"git/{quote(self.url, safe='')}")
            if hub := self.hubs["Binder"]:
                found.append(("Binder", f"{hub.rstrip('/')}/v2/{where}/{branch}?urlpath={self.interface}/{inside}"))
            if (hub := self.hubs["Colab"]) and host == "gh":
                found.append(("Colab", f"{hub.rstrip('/')}/github/{name}/blob/{quote(self.branch)}/{inside}"))
            if hub := self.hubs["JupyterHub"]:
                opened = f"{self.interface}/{name.rpartition('/')[2]}/{self.folder}/{path}".replace("//", "/")
                query = urlencode({"repo": self.url, "urlpath": opened, "branch": self.branch}, safe="/", quote_via=quote)
                found.append(("JupyterHub", f"{hub.rstrip('/')}/hub/user-redirect/git-pull?{query}"))
        if hub := self.hubs["JupyterLite"]:
            found.append(("JupyterLite", f"{hub}{'&' if '?' in hub else '?'}path={quote(path)}"))
        return found


def is_address(url: str) -> bool:
    """Whether it begins as an address of the web, and goes on."""
    parts = urlsplit(url)
    return parts.scheme in ("http", "https") and bool(parts.netloc)


def read_settings(app: Any) -> None:
    """Jupyter Book mixes its own repository into the settings that it hands on, so they are read where they stand."""
    path = Path(app.srcdir, "_config.yml")
    app.launch = Launch(yaml.safe_load(path.read_text(encoding="utf-8")) or {} if path.exists() else {})
    for mistake in app.launch.mistakes():
        logging.getLogger(__name__).warning("_config.yml: %s", mistake)


def notebooks(env: Any) -> dict[str, Path]:
    """The notebooks among the pages, by name."""
    return {name: path for name in sorted(env.found_docs) if (path := Path(env.doc2path(name))).suffix == ".ipynb"}


def tell_page(app: Any, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    """What launch.html shows."""
    if app.builder.name != "html" or pagename not in app.env.found_docs:
        return
    own = notebooks(app.env)
    context["notebooks"] = [name for name in app.env.toctree_includes.get(pagename, []) if name in own]
    if pagename in own:
        stem = own[pagename].stem
        context["notebook"] = {
            "full": f"{FOLDER}/{stem}.ipynb",
            "empty": f"{FOLDER}/{stem}-without-outputs.ipynb",
            "wheel": f"{FOLDER}/{wheel().name}",
            "buttons": app.launch.buttons(f"{pagename}.ipynb"),
            "pip": app.launch.pip() if app.launch.url else "",
        }


def without_outputs(text: str) -> str:
    """The notebook as before its first run."""
    notebook = json.loads(text)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell |= {"outputs": [], "execution_count": None}
    return json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def write_files(app: Any, exception: Exception | None) -> None:
    """The files behind the buttons, and none of a page that is gone."""
    own = notebooks(app.env)
    if exception or app.builder.name != "html":
        return
    files = {}
    for path in own.values():
        text = path.read_text(encoding="utf-8")
        files |= {f"{path.stem}.ipynb": text.encode(), f"{path.stem}-without-outputs.ipynb": without_outputs(text).encode()}
    if own:
        files[wheel().name] = wheel().read_bytes()
    folder = Path(app.outdir, FOLDER)
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        if path.name not in files:
            path.unlink()
    for name, content in files.items():
        if not (folder / name).exists() or (folder / name).read_bytes() != content:
            (folder / name).write_bytes(content)


def setup(app: Any) -> dict[str, bool]:
    """Listen when pages are written."""
    app.connect("builder-inited", read_settings)
    app.connect("html-page-context", tell_page)
    app.connect("build-finished", write_files)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
