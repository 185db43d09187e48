"""Taking a notebook home and opening it elsewhere: files, addresses, and what Binder and a devcontainer need."""

import json
import os
import re
import stat
import zipfile
from html import unescape
from urllib.parse import parse_qs, urlsplit

import launch
import nbformat
import pytest
import wheel_of_package
import yaml
from books import ROOT, Book

import bpcourse

PAGES = {"index": "# A book\n", "01-one": "# One\n"}
NOTEBOOK = ROOT / "notebooks" / "06-notation.ipynb"
REPOSITORY = "https://github.com/a-school/nudges"


def book(folder, settings):
    """A small book whose one chapter has a notebook, with these keys in `_config.yml`."""
    made = Book(folder, PAGES)
    made.write("notebooks/01-one.ipynb", NOTEBOOK.read_text(encoding="utf-8"))
    made.write("book/06-notation.md", "# Notation\n")
    part = {
        "caption": "Part",
        "numbered": True,
        "chapters": [{"file": "01-one", "sections": [{"file": "notebooks/01-one"}]}, {"file": "book/06-notation"}],
    }
    made.write("_toc.yml", yaml.safe_dump({"format": "jb-book", "root": "index", "parts": [part]}))
    config = yaml.safe_load((folder / "_config.yml").read_text())
    made.write("_config.yml", yaml.safe_dump(config | settings))
    return made


def buttons(made) -> dict[str, str]:
    found = re.findall(r'<a href="([^"]*)"[^>]*>Open in (\w+)</a>', made.page("notebooks/01-one"))
    return {name: unescape(address) for address, name in found}


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return book(tmp_path_factory.mktemp("plain"), {}).built()


def test_a_chapter_leads_to_its_notebook(plain):
    assert re.search(r'<a href="notebooks/01-one.html">Notebook of this chapter</a>', plain.page("01-one"))
    assert "Notebook of this chapter" not in plain.page("index") + plain.page("notebooks/01-one")


def test_without_an_address_there_is_no_button(plain):
    assert buttons(plain) == {}
    for page in plain.html.rglob("*.html"):
        assert not re.search(r"binder|colab|jupyterhub|executablebooks", page.read_text(encoding="utf-8"), re.I)


def test_a_notebook_is_taken_home_with_its_outputs_and_without(plain):
    page = plain.page("notebooks/01-one")
    files = [plain.html / "notebooks" / name for name in re.findall(r'<a href="([^"]*)" download>', page)]
    assert all(path.is_file() for path in files) and len(files) == 3
    full, empty = (nbformat.read(path, as_version=4) for path in files[:2])
    assert files[0].read_bytes() == (plain.folder / "notebooks/01-one.ipynb").read_bytes()
    assert any(cell.get("outputs") for cell in full.cells)
    assert [cell.source for cell in full.cells] == [cell.source for cell in empty.cells]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in empty.cells if cell.cell_type == "code")


def test_the_package_that_a_notebook_needs_is_beside_it(plain):
    (path,) = (plain.html / "_notebooks").glob("*.whl")
    assert path.name == f"bpcourse-{bpcourse.__version__}-py3-none-any.whl"
    with zipfile.ZipFile(path) as packed:
        names = set(packed.namelist())
    package = {
        p.relative_to(ROOT).as_posix() for p in (ROOT / "bpcourse").rglob("*") if p.is_file() and "__pycache__" not in p.parts
    }
    assert {name for name in package if not name.endswith("README.md")} <= names
    assert f"./{path.name}" in plain.page("notebooks/01-one")


def test_the_same_files_make_the_same_wheel(tmp_path):
    files = list((ROOT / "bpcourse").rglob("*.py"))
    files += [ROOT / name for name in ("pyproject.toml", "README.md", "LICENSE")]
    made = []
    for umask, name in (0o022, "one"), (0o077, "two"):
        old = os.umask(umask)
        try:
            made.append(wheel_of_package.built(files, tmp_path / name))
        finally:
            os.umask(old)
    assert made[0].read_bytes() == made[1].read_bytes()


def test_what_is_taken_out_of_the_book_is_no_longer_offered(tmp_path):
    made = book(tmp_path, {}).built()
    assert (made.html / "_notebooks/01-one.ipynb").exists()
    made.contents("index", "01-one", "book/06-notation")
    assert list((made.built().html / "_notebooks").iterdir()) == []


def test_an_address_alone_gives_binder_and_colab(tmp_path):
    made = book(tmp_path, {"repository": {"url": f"{REPOSITORY}.git"}}).built()
    assert buttons(made) == {
        "Binder": "https://mybinder.org/v2/gh/a-school/nudges/main?urlpath=lab/tree/notebooks/01-one.ipynb",
        "Colab": "https://colab.research.google.com/github/a-school/nudges/blob/main/notebooks/01-one.ipynb",
    }
    assert f"%pip install git+{REPOSITORY}@main" in made.page("notebooks/01-one")
    assert "pip install git+" not in (made.html / "_notebooks/01-one.ipynb").read_text()


FULL = {
    "repository": {"url": REPOSITORY, "branch": "fall/2026", "path_to_book": "course/book/"},
    "launch_buttons": {
        "binderhub_url": "https://binder.school.edu/",
        "colab_url": "",
        "jupyterhub_url": "https://hub.school.edu/",
        "jupyterlite_url": "../lite/lab/index.html",
        "notebook_interface": "classic",
    },
}


def test_every_place_gets_branch_and_path():
    found = dict(launch.Launch(FULL).buttons("notebooks/01-one.ipynb"))
    assert set(found) == {"Binder", "JupyterHub", "JupyterLite"}
    assert found["Binder"] == (
        "https://binder.school.edu/v2/gh/a-school/nudges/fall%2F2026?urlpath=tree/course/book/notebooks/01-one.ipynb"
    )
    hub = urlsplit(found["JupyterHub"])
    assert (hub.netloc, hub.path) == ("hub.school.edu", "/hub/user-redirect/git-pull")
    assert parse_qs(hub.query) == {
        "repo": [REPOSITORY],
        "branch": ["fall/2026"],
        "urlpath": ["tree/nudges/course/book/notebooks/01-one.ipynb"],
    }
    assert found["JupyterLite"] == "../lite/lab/index.html?path=notebooks/01-one.ipynb"
    assert launch.Launch(FULL).pip() == f"git+{REPOSITORY}@fall/2026#subdirectory=course/book"


@pytest.mark.parametrize(
    ("url", "where"),
    [
        ("https://gitlab.com/a/b/c", "gl/a%2Fb%2Fc/main"),
        ("https://git.school.edu/a/b", "git/https%3A%2F%2Fgit.school.edu%2Fa%2Fb/main"),
    ],
)
def test_other_hosts_have_binder_and_no_colab(url, where):
    found = dict(launch.Launch({"repository": {"url": url}}).buttons("notebooks/01-one.ipynb"))
    assert found == {"Binder": f"https://mybinder.org/v2/{where}?urlpath=lab/tree/notebooks/01-one.ipynb"}


@pytest.mark.parametrize(
    "settings",
    [
        {"repository": {"url": "a-school/nudges"}},
        {"repository": {"url": "git@github.com:a-school/nudges"}},
        {"repository": {"url": REPOSITORY}, "launch_buttons": {"binderhub_url": "binder"}},
        {"launch_buttons": {"jupyterhub_url": "https://hub.school.edu"}},
        {"launch_buttons": {"notebook_interface": "retro"}},
    ],
)
def test_a_setting_that_gives_a_broken_button_is_named(settings):
    (mistake,) = launch.Launch(settings).mistakes()
    assert "expected" in mistake and re.search(r"repository|launch_buttons", mistake)


def test_a_wrong_address_stops_the_build(tmp_path):
    run = book(tmp_path, {"repository": {"url": "a-school/nudges"}}).build()
    assert run.returncode != 0 and "repository.url: expected an address" in run.stderr


def test_settings_that_are_right_have_no_mistakes():
    assert launch.Launch({}).mistakes() == launch.Launch(FULL).mistakes() == []


def test_the_example_in_the_large_books_settings_is_right():
    text = (ROOT / "_config.yml").read_text(encoding="utf-8")
    example = re.search(r"((?:^# ?(?:repository|launch_buttons|  ).*\n)+)", text, re.M)[1]
    settings = yaml.safe_load(re.sub(r"^# ", "", example, flags=re.M))
    assert set(settings) == {"repository", "launch_buttons"}
    assert launch.Launch(settings).mistakes() == []
    assert [name for name, _ in launch.Launch(settings).buttons("a.ipynb")] == ["Binder", "Colab", "JupyterHub", "JupyterLite"]


# ------------------------------------------------------------ Binder, devcontainer


def test_binder_installs_the_pins_and_the_package():
    folder = ROOT / ".binder"
    assert (folder / "requirements.txt").read_text().split() == ["-r", "../requirements.txt"]
    assert re.fullmatch(r"python-3\.1[1-9]\n", (folder / "runtime.txt").read_text())
    script = folder / "postBuild"
    assert script.stat().st_mode & stat.S_IXUSR and script.read_text().startswith("#!")
    install = re.search(r"-m pip install.* --no-deps .*--editable \.", (ROOT / "Makefile").read_text())[0]
    assert re.sub(r" --quiet --disable-pip-version-check", "", install) in script.read_text()


def test_a_devcontainer_has_the_environment_of_make():
    settings = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text())
    assert settings["postCreateCommand"] == "make .venv/.ready"
    assert settings["customizations"]["vscode"]["settings"]["python.defaultInterpreterPath"].endswith(".venv/bin/python")
    version = re.search(r"python:3\.(\d+)-", settings["image"])
    assert int(version[1]) >= 11


# ------------------------------------------------------------ JupyterLite


@pytest.fixture
def jupyterlite(tmp_path, monkeypatch):
    """The script, with a folder of its own in which the kernel names a place for Python."""
    import lite

    monkeypatch.setattr(lite, "WORK", tmp_path / "work")
    monkeypatch.setattr(lite, "LITE", tmp_path / "lite")
    monkeypatch.setattr(lite, "build", lambda: None)
    monkeypatch.delenv("PYODIDE", raising=False)
    script = tmp_path / "lite/extensions/@jupyterlite/pyodide-kernel-extension/static/1.js"
    script.parent.mkdir(parents=True)
    script.write_text('const u="https://python.invalid/v1/full/pyodide.mjs";')
    return lite


def test_a_lite_notebook_installs_the_package_first_and_is_else_the_same(jupyterlite):
    folder = jupyterlite.contents() / "notebooks"
    assert {path.name for path in folder.iterdir()} == {path.name for path in (ROOT / "notebooks").glob("*.ipynb")}
    first, *others = nbformat.read(folder / NOTEBOOK.name, as_version=4).cells
    assert first.source == "%pip install -q bpcourse"
    assert [cell.source for cell in others] == [cell.source for cell in nbformat.read(NOTEBOOK, as_version=4).cells]


def test_what_lies_beside_the_package_in_lite_is_pinned_and_is_what_it_imports(jupyterlite):
    pins = jupyterlite.pinned()
    assert [pin.partition("==")[0] for pin in pins] == sorted(jupyterlite.BESIDE)
    with_code = {"numpy", "matplotlib"}  # Pyodide has its own
    needed = re.search(r"^dependencies = \[(.*)\]", (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.M)[1]
    assert set(re.findall(r'"([\w-]+)', needed)) - with_code <= set(jupyterlite.BESIDE)


def test_lite_says_when_python_cannot_be_reached(jupyterlite, monkeypatch, capsys):
    jupyterlite.main()  # no name ends in .invalid
    said = capsys.readouterr().out
    assert "https://python.invalid/v1/full/pyodide.mjs" in said and "cannot be reached from here" in said and "PYODIDE=" in said
    monkeypatch.setattr(jupyterlite, "can_be_reached", lambda address: True)
    jupyterlite.main()
    assert "cannot be reached" not in capsys.readouterr().out
    monkeypatch.setenv("PYODIDE", "somewhere.tar.bz2")
    jupyterlite.main()
    assert "run without a network" in capsys.readouterr().out
