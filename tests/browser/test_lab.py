"""An explorer in a notebook, in a real JupyterLab: its sliders and Python hear of each other."""

import contextlib
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook, new_output
from playwright.sync_api import expect

from bpcourse import examples, explore, figures
from bpcourse.practice import clinic, exercise

pytestmark = pytest.mark.browser

MAKE = """
import ipywidgets
from bpcourse import examples, explore

circuit = explore.Circuit(examples.add_then_multiply(), ranges={"x": (-6, 6)})
label = ipywidgets.Label("nothing heard")

def tell(change):
    label.value = f"Python has {change['new']['z']:.4f}"

circuit.observe(tell, "gradients")
ipywidgets.VBox([circuit, label])
"""
ASSIGN = 'circuit.inputs = {"x": 1.5, "y": 2, "z": -3}'
CASE = """
from bpcourse.practice.notebook import Shown

Shown("19.6")
"""
ELSEWHERE = re.compile(r"^(?!(https?|wss?)://127\.0\.0\.1[:/]|data:|blob:|about:)")
SECONDS = 30
ROOT = Path(__file__).parents[2]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
LAB_SETTINGS = re.search(r"^LAB_SETTINGS := (.*)", MAKEFILE, re.M)[1]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def own_folders(folder: Path) -> dict[str, str]:
    """The environment in which Jupyter and IPython read and write below this folder only, but for the settings of `make lab`."""
    names = ["JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"]
    names += ["JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR"]
    return {**os.environ, **{name: str(folder / name.lower()) for name in names}, "JUPYTER_CONFIG_PATH": str(ROOT / LAB_SETTINGS)}


def quiet(folder: Path) -> None:
    """Settings with which JupyterLab does not ask whether it may fetch news."""
    settings = Path(own_folders(folder)["JUPYTERLAB_SETTINGS_DIR"]) / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text('{"fetchNews": "false"}')


def asked(address: str, token: str, method: str = "GET") -> None:
    """An answer from the server; an OSError where there is none."""
    request = urllib.request.Request(address, method=method, headers={"Authorization": f"token {token}"})
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:
        json.loads(answer.read() or "null")


def wait_until_ready(process: subprocess.Popen, address: str, token: str, log: Path) -> None:
    """Ask until the server answers; fail with its log where it ends or stays silent."""
    last = time.monotonic() + SECONDS
    while time.monotonic() < last:
        with contextlib.suppress(OSError):
            return asked(f"{address}/api", token)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.1)
            break
    pytest.fail(f"JupyterLab did not answer at {address}:\n{log.read_text()}")


def stop(process: subprocess.Popen, address: str, token: str) -> None:
    """Shut the server and its kernels down; end it by force where it does not follow."""
    with contextlib.suppress(OSError):
        asked(f"{address}/api/shutdown", token, "POST")
    try:
        process.wait(SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def stored() -> NotebookNode:
    """A notebook as it comes from somebody else: run, stored, not trusted; its kernel has ended."""
    circuit = explore.Circuit(examples.add_then_multiply())
    dead = {
        "application/vnd.jupyter.widget-view+json": {"version_major": 2, "version_minor": 0, "model_id": secrets.token_hex(16)}
    }
    shown = [{**dead, "text/plain": repr(circuit), "text/html": circuit.html()}]
    shown.append({"text/plain": "a picture", "text/html": figures.circuit(examples.add_then_multiply())._repr_html_()})
    cells = [new_code_cell("1", outputs=[new_output("display_data", data)]) for data in shown]
    return new_notebook(cells=cells, metadata=KERNEL)


KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


@pytest.fixture
def lab_address(tmp_path):
    """The address of a folder with notebooks, in a JupyterLab of its own, and its token."""
    notebooks, log = tmp_path / "notebooks", tmp_path / "log.txt"
    notebooks.mkdir()
    quiet(tmp_path)
    notebook = new_notebook(cells=[new_code_cell(MAKE.strip()), new_code_cell(ASSIGN)], metadata=KERNEL)
    nbformat.write(notebook, notebooks / "explorer.ipynb")
    nbformat.write(stored(), notebooks / "stored.ipynb")
    nbformat.write(new_notebook(cells=[new_code_cell(CASE.strip())], metadata=KERNEL), notebooks / "clinic.ipynb")
    port, token = free_port(), secrets.token_hex()
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", f"--port={port}"]
    command += ["--ServerApp.port_retries=0", f"--ServerApp.root_dir={notebooks}", f"--IdentityProvider.token={token}"]
    command += [
        "--LabApp.extension_manager=readonly",
    ]
    command += ["--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    command += ["--allow-root"] if os.geteuid() == 0 else []
    with log.open("w") as written:
        process = subprocess.Popen(
            command, cwd=tmp_path, env=own_folders(tmp_path), stdout=written, stderr=written, start_new_session=True
        )
    try:
        wait_until_ready(process, address, token, log)
        yield f"{address}/lab/tree/{{}}?token={token}".format
    finally:
        stop(process, address, token)


@pytest.fixture
def lab(browser, lab_address):
    """A tab that opens a notebook of the folder, and may ask 127.0.0.1 and nobody else."""
    strangers = []
    context = browser.new_context(viewport={"width": 1300, "height": 1300})
    context.set_default_timeout(1000 * SECONDS)
    context.route(ELSEWHERE, lambda route: route.abort())
    tab = context.new_page()
    tab.on("request", lambda request: strangers.append(request.url) if ELSEWHERE.match(request.url) else None)
    tab.on("websocket", lambda channel: strangers.append(channel.url) if ELSEWHERE.match(channel.url) else None)
    try:
        tab.open_notebook = lambda name: tab.goto(lab_address(name))
        yield tab
        assert strangers == []
    finally:
        context.close()


def run_all_cells(tab) -> None:
    tab.get_by_role("button", name="Python 3 (ipykernel) | Idle").wait_for()
    choose(tab, "Run", "Run All Cells")


def choose(tab, menu: str, entry: str) -> None:
    tab.get_by_role("menuitem", name=menu, exact=True).click()
    tab.get_by_role("menuitem", name=entry, exact=True).click()


def run_cell(tab, number: int) -> None:
    tab.locator(".jp-CodeCell .cm-content").nth(number).click()
    tab.keyboard.press("Shift+Enter")


def test_sliders_and_python_hear_of_each_other(lab):
    explorer, slow = lab.locator(".bp-explorer"), {"timeout": 1000 * SECONDS}
    x, heard = explorer.get_by_role("slider", name="x", exact=True), lab.locator(".widget-label")
    shown = {name: explorer.locator(f"svg [data-n={key}]") for name, key in {"x": "v0", "f": "v4"}.items()}

    def expect_everywhere(slider: str, x_shown: str, f_shown: str, z_gradient: str) -> None:
        expect(heard).to_have_text(f"Python has {z_gradient}", **slow)
        expect(x).to_have_value(slider, **slow)
        expect(shown["x"].first).to_contain_text(x_shown)
        expect(shown["f"].first).to_contain_text(f_shown)

    lab.open_notebook("explorer.ipynb")
    run_all_cells(lab)
    expect_everywhere("1.5", "1.50", "−10.50", "3.5000")
    x.focus()
    x.press("ArrowRight")
    expect_everywhere("1.6", "1.60", "−10.80", "3.6000")
    for _ in range(20):
        x.press("ArrowLeft")
    expect_everywhere("-0.4", "−0.40", "−4.80", "1.6000")
    run_cell(lab, 1)
    expect_everywhere("1.5", "1.50", "−10.50", "3.5000")


def test_an_explorer_moves_when_its_notebook_is_opened_again_without_its_kernel(lab):
    explorer, slow = lab.locator(".bp-explorer"), {"timeout": 1000 * SECONDS}
    x, shown = explorer.get_by_role("slider", name="x", exact=True), explorer.locator("svg [data-n=v4]").first
    lab.open_notebook("explorer.ipynb")
    run_all_cells(lab)
    expect(shown).to_contain_text("−10.50", **slow)
    with lab.expect_response(lambda answer: answer.request.method == "PUT" and "explorer.ipynb" in answer.url):
        lab.keyboard.press("Control+s")
    choose(lab, "Kernel", "Shut Down Kernel")
    lab.get_by_role("button", name="No Kernel", exact=True).wait_for()
    lab.reload()
    expect(shown).to_contain_text("−10.50", **slow)
    x.focus()
    x.press("ArrowRight")
    expect(shown).to_contain_text("−10.80", **slow)


def test_a_notebook_that_is_not_trusted_shows_sentences(lab):
    lab.open_notebook("stored.ipynb")
    outputs = lab.locator(".jp-OutputArea-output")
    for output, words in zip((outputs.nth(0), outputs.nth(1)), ("An explorer, circuit of f: ", "A picture, ")):
        expect(output).to_contain_text(words, timeout=1000 * SECONDS)
        assert output.inner_text().strip().startswith(words) and output.inner_text().count("\n") <= 1
        assert [part for part in output.locator("input, button, select, svg, text").all() if part.is_visible()] == []


def test_a_case_of_the_clinic_is_solved_in_a_notebook(lab):
    """First wrong, then right; then the nudge shows the damage."""
    lab.open_notebook("clinic.ipynb")
    run_all_cells(lab)
    case, question = lab.locator(".bp-practice"), exercise("19.6")
    check = case.get_by_role("button", name="Check", exact=True)
    check.wait_for()
    steps, _ = clinic.needed(question.derivation, question.nudged, {question.at: question.mistake.formula})
    bad = [step.name for step in steps].index(question.at)
    verdicts = case.locator(".bp-verdict")
    case.get_by_role("radio").nth(bad - 1 if bad else 1).check()
    check.click()
    expect(verdicts.first).not_to_be_empty()
    expect(verdicts.first).not_to_contain_text("Right. Here")
    expect(case.locator(".bp-damage")).to_be_hidden()
    case.get_by_role("radio").nth(bad).check()
    case.get_by_role("combobox").select_option(label=question.mistake.name)
    check.click()
    expect(verdicts.first).to_contain_text("Right. Here")
    expect(verdicts.last).to_contain_text(f"Right: {question.mistake.name}")
    slider, dot = case.get_by_role("slider"), case.locator("[data-line=cost-dot]")
    before = dot.get_attribute("cx")
    slider.press("ArrowRight")
    expect(dot).not_to_have_attribute("cx", before)
    expect(case.locator(".bp-nudged")).to_contain_text("The right gradient foretells")
