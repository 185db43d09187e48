"""JupyterLab as `make lab` starts it: where it opens, where a notebook's link leads, what is alive before a cell has run."""

import re
import secrets
import subprocess
import sys

import pytest
from playwright.sync_api import expect
from test_lab import MAKEFILE, ROOT, SECONDS, free_port, own_folders, quiet, stop, wait_until_ready

pytestmark = pytest.mark.browser

FLAGS = re.search(r"^LAB := (.*)", MAKEFILE, re.M)[1].split()


def stored() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (ROOT / "notebooks").glob("*.ipynb")}


BEFORE = stored()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """(address, token) of a JupyterLab with the flags of the Makefile, and notebooks trusted as there."""
    folder = tmp_path_factory.mktemp("lab")
    log, port, token = folder / "log.txt", free_port(), secrets.token_hex()
    address, variables = f"http://127.0.0.1:{port}", own_folders(folder)
    quiet(folder)
    trust = [sys.executable, "-m", "jupyter", "trust", *sorted((ROOT / "notebooks").glob("*.ipynb"))]
    subprocess.run(trust, check=True, capture_output=True, env=variables)
    command = [sys.executable, "-m", "jupyterlab", *FLAGS, "--no-browser", "--allow-root", f"--port={port}"]
    command += [f"--IdentityProvider.token={token}", "--LabApp.extension_manager=readonly"]
    command += ["--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    with log.open("w") as written:
        process = subprocess.Popen(command, cwd=ROOT, env=variables, stdout=written, stderr=written, start_new_session=True)
    try:
        wait_until_ready(process, address, token, log)
        yield address, token
    finally:
        stop(process, address, token)
    assert "without encryption" not in log.read_text()


@pytest.fixture
def tab(browser):
    context = browser.new_context(viewport={"width": 1300, "height": 1000})
    context.set_default_timeout(1000 * SECONDS)
    yield context.new_page()
    context.close()


def test_it_opens_the_notebooks(tab, server):
    address, token = server
    tab.goto(f"{address}/?token={token}")
    tab.locator(".jp-DirListing-itemText", has_text="01-nudging-a-product.ipynb").wait_for()


def test_a_notebooks_first_link_opens_its_chapter(tab, server):
    address, token = server
    tab.goto(f"{address}/lab/tree/notebooks/03-gates-and-circuits.ipynb?token={token}")
    tab.locator(".jp-RenderedMarkdown a", has_text="chapter 3").first.click()
    expect(tab.locator(".lm-TabBar-tabLabel", has_text="03-gates-and-circuits.md")).to_be_visible()
    assert not re.search(r"404|not found", tab.locator("body").inner_text(), re.I)


def test_a_stored_explorer_moves_before_a_cell_has_run(tab, server):
    address, token = server
    tab.goto(f"{address}/lab/tree/notebooks/03-gates-and-circuits.ipynb?token={token}")
    explorer = tab.locator(".bp-explorer").first
    explorer.scroll_into_view_if_needed()
    slider = explorer.locator("input[type=range]").first
    before = explorer.locator("svg").first.text_content()
    slider.fill("1.5")
    expect(explorer.locator("svg").first).not_to_have_text(before)


def test_starting_changes_no_notebook(server):
    assert stored() == BEFORE
