"""A class of ten on a real JupyterHub: they read, nudge, fetch, submit, and reach nothing of each other's nor the key."""

import csv
import pwd
import re
import runpy
import subprocess
import time
from pathlib import Path

import nbformat
import pytest
import requests
import trial
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import expect, sync_playwright
from trial import PYTHON, ROOT, STUDENTS, TEACHER, run

ADA, BEN, *_ = STUDENTS
NBGRADER = ROOT / "env" / "bin" / "nbgrader"
BROWSER = runpy.run_path(str(trial.BOOK / "tests" / "browser" / "conftest.py"))
SLOW = {"timeout": 1000 * trial.SECONDS}


# ------------------------------------------------------------ who gets in


def test_ten_students_have_servers_of_their_own_accounts(hub):
    for name in STUDENTS:
        assert hub.once(name, "import getpass; print(getpass.getuser())") == f"{name}\n"
        home = Path(pwd.getpwnam(name).pw_dir)
        assert home.stat().st_mode & 0o777 == 0o700 and home.owner() == name
    assert len({hub.passwords[name] for name in STUDENTS}) == len(STUDENTS)


@pytest.mark.parametrize("password", ["", "password", ADA, BEN])
def test_a_wrong_password_opens_nothing(hub, password):
    assert hub.login(ADA, password) is None


def test_nobody_off_the_roster_gets_in(hub):
    """An account of this machine with a right password, and one that left the class while she was logged in."""
    run("chpasswd", input=f"{TEACHER}:a-right-password\n")
    assert hub.login(TEACHER, "a-right-password") is not None
    stranger, left = "bptest-stranger", STUDENTS[-1]
    roster = (ROOT / "roster.csv").read_text()
    run("useradd", "--create-home", stranger)
    try:
        run("chpasswd", input=f"{stranger}:a-right-password\n")
        assert hub.login(stranger, "a-right-password") is None
        assert hub.login("root", "a-right-password") is None
        (ROOT / "roster.csv").write_text(f"{roster}{stranger},A stranger\n")  # on the roster, but of the machine
        assert hub.login(stranger, "a-right-password") is None
        refused = subprocess.run([PYTHON, "-Es", ROOT / "hub" / "students", "add"], capture_output=True, text=True)
        assert refused.returncode != 0 and stranger in refused.stderr and "Traceback" not in refused.stderr
        (ROOT / "roster.csv").write_text(roster.replace(f"{left},", "bptest-nobody-yet,"))
        assert hub.login(left, hub.passwords[left]) is None
    finally:
        (ROOT / "roster.csv").write_text(roster)
        run("userdel", "--remove", stranger)
    assert hub.login(left, hub.passwords[left]) is not None


def test_nothing_answers_without_a_login(hub):
    for path in f"/user/{ADA}/api/contents", f"/user/{ADA}/api/kernels", "/hub/api/users", f"/user/{ADA}/lab":
        answer = requests.get(hub.address + path, timeout=trial.SECONDS)
        assert answer.status_code in (401, 403) or "/hub/login" in answer.url


# ------------------------------------------------------------ what they can do


def test_a_slider_of_notebook_7_moves_in_a_browser_and_python_sees_it(hub):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER["chromium"](), args=BROWSER["FLAGS"])
        tab = browser.new_page(viewport={"width": 1300, "height": 1300})
        tab.set_default_timeout(1000 * trial.SECONDS)
        tab.goto(f"{hub.address}/hub/login")
        tab.get_by_label("Username").fill(ADA)
        tab.get_by_label("Password").fill(hub.passwords[ADA])
        tab.get_by_role("button", name="Sign in").click()
        tab.wait_for_url(re.compile("/lab/tree/book/notebooks"))  # by way of nbgitpuller's page
        tab.goto(f"{hub.address}/user/{ADA}/lab/tree/book/notebooks/07-one-weight-w212.ipynb")
        tab.get_by_role("button", name="Python 3 (ipykernel) | Idle").wait_for()
        tab.get_by_role("menuitem", name="Run", exact=True).click()
        tab.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        kernel = hub.kernel(ADA, "book/notebooks/07-one-weight-w212.ipynb")
        slider = tab.locator(".bp-explorer input[type=range]").first
        slider.scroll_into_view_if_needed()
        expect(slider).to_be_visible(**SLOW)
        before = float(hub.execute(ADA, kernel, "print(by_hand.inputs['w_212'])"))
        slider.focus()
        slider.press("ArrowRight")
        moved = float(slider.input_value())
        assert moved > before
        last = time.monotonic() + trial.SECONDS
        while float(hub.execute(ADA, kernel, "print(by_hand.inputs['w_212'])")) != pytest.approx(moved):
            assert time.monotonic() < last
        tab.screenshot(path=ROOT.parent / "hub.png")
        browser.close()


def test_a_pull_never_overwrites_what_a_student_wrote(hub):
    notebook = Path(pwd.getpwnam(BEN).pw_dir) / "book" / "notebooks" / "07-one-weight-w212.ipynb"
    written = notebook.read_text().replace("Notebook: one weight", "Notebook of Ben: one weight")
    notebook.write_text(written)
    hub.pull(BEN)
    assert notebook.read_text() == written


LISTEN = """
import zmq
heard = zmq.Context.instance().socket(zmq.SUB)
heard.subscribe(b"")
heard.connect("tcp://127.0.0.1:{port}")
print(heard.poll(5000))
"""


def test_no_student_can_listen_to_anothers_kernel(hub):
    """What a kernel prints goes to whoever connects to its port, if it is not encrypted."""
    kernel, ear = hub.kernel(BEN), hub.kernel(ADA)
    port = hub.execute(BEN, kernel, "import ipykernel.kernelapp as k; print(k.IPKernelApp.instance().iopub_port)").strip()
    hub.execute(
        BEN,
        kernel,
        "import threading\ntick = lambda: (print('a secret', flush=True), threading.Timer(0.2, tick).start())\ntick()",
    )
    assert hub.execute(ADA, ear, LISTEN.format(port=port)) == "0\n"
    for name, one in (BEN, kernel), (ADA, ear):
        assert hub.ask(name, "DELETE", f"/user/{name}/api/kernels/{one}").ok


def test_a_student_meets_her_limits_and_nobody_else_does(hub):
    kernel = hub.kernel(BEN)
    assert hub.execute(BEN, kernel, "bytearray(2 * 1024**3)") == "MemoryError"
    assert hub.execute(BEN, kernel, "open('large', 'wb').truncate(10**9)") == "OSError"
    fork = "import subprocess\nfor _ in range(300): subprocess.Popen(['sleep', '60'])"
    assert hub.execute(BEN, kernel, fork) == "BlockingIOError"
    assert hub.ask(BEN, "GET", f"/user/{BEN}/api/status").ok
    run("pkill", "--uid", BEN, "--exact", "sleep")
    assert hub.ask(BEN, "DELETE", f"/user/{BEN}/api/kernels/{kernel}").ok


# ------------------------------------------------------------ assignments, and who may see what


SOURCE = """def slope(w):
    ### BEGIN SOLUTION
    return 2 * w
    ### END SOLUTION"""
TESTS = ["assert slope(3) == 6", "assert slope(-1) == -2\n### BEGIN HIDDEN TESTS\nassert slope(5) == 10\n### END HIDDEN TESTS"]


def cell(source: str, name: str, grade: bool):
    told = {"schema_version": 3, "grade_id": name, "grade": grade, "locked": grade, "solution": not grade, "task": False}
    return new_code_cell(source, metadata={"nbgrader": told | ({"points": 1} if grade else {})})


def write(folder: Path, text: str, owner: str) -> None:
    """A file in a user's folder that is her own."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "ps1.ipynb").write_text(text)
    run("chown", "--recursive", f"{owner}:{owner}", folder)


@pytest.fixture(scope="module")
def released(hub):
    """An assignment with hidden tests, given out by the teacher; Ada and Ben have fetched it."""
    cells = [cell(SOURCE, "slope", False), *(cell(test, f"test{k}", True) for k, test in enumerate(TESTS))]
    kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = new_notebook(cells=cells, metadata={"kernelspec": kernelspec})
    write(ROOT / "course" / "source" / "ps1", nbformat.writes(notebook), TEACHER)
    run("chown", f"{TEACHER}:{TEACHER}", ROOT / "course" / "source")
    run(NBGRADER, "generate_assignment", "ps1", "--create", user=TEACHER, cwd=ROOT / "course")
    run(NBGRADER, "release_assignment", "ps1", user=TEACHER, cwd=ROOT / "course")
    for name in ADA, BEN:
        assert "Fetched" in hub.once(name, "!nbgrader fetch_assignment ps1 2>&1")
    return hub


def submit(hub, name: str, answer: str) -> None:
    """Write the answer through the contents API and hand it in."""
    place = f"/user/{name}/api/contents/ps1/ps1.ipynb"
    model = hub.ask(name, "GET", place).json()
    model["content"]["cells"][0]["source"] = answer
    assert hub.ask(name, "PUT", place, json={"type": "notebook", "content": model["content"]}).ok
    assert "Submitted" in hub.once(name, "!nbgrader submit ps1 2>&1")


SPY = """
import glob, os, sqlite3, subprocess
secrets = {secrets!r}
def tried(path):
    try:
        return open(path).read() if not os.path.isdir(path) else os.listdir(path)
    except OSError as error:
        return type(error).__name__
told = [tried(path) for path in secrets] + [subprocess.run(["sudo", "-n", "true"], stderr=-3).returncode]
"""


def secrets() -> list[str]:
    """What no student and no student's code may read."""
    places = ["course", "course/gradebook.db", "course/source/ps1/ps1.ipynb", "roster.csv", "state", "state/jupyterhub.sqlite"]
    places += ["state/cookie_secret", "left", "exchange/bpcourse/inbound", f"home/{BEN}", f"home/{BEN}/ps1/ps1.ipynb"]
    return [*(str(ROOT / place) for place in places), "/etc/shadow", f"/etc/sudoers.d/{ROOT.name}"]


def test_what_is_fetched_has_neither_solution_nor_hidden_tests(released):
    for name in ADA, BEN:
        fetched = released.once(name, "!cat ps1/ps1.ipynb")
        assert "slope(3) == 6" in fetched and not re.search(r"2 \* w|slope\(5\)|BEGIN", fetched)


def test_a_student_reaches_neither_the_key_nor_anothers_work(released):
    hub = released
    submit(hub, BEN, "def slope(w):\n    return w + w")
    assert all(Path(place).exists() for place in secrets())
    kernel = hub.kernel(ADA)
    told = hub.execute(ADA, kernel, SPY.format(secrets=secrets()) + "print(*told)").split()
    assert told == ["PermissionError"] * len(secrets()) + ["1"]
    write = (
        f"import os\nfor place in {secrets()!r}:\n    try: os.rename(place, place + 'x')\n    except PermissionError: print('no')"
    )
    assert hub.execute(ADA, kernel, write) == "no\n" * len(secrets())
    assert hub.execute(ADA, kernel, f"import os; os.kill({pid_of(BEN)}, 9)") == "PermissionError"
    assert hub.execute(ADA, kernel, f"open('/proc/{pid_of(BEN)}/environ').read()") == "PermissionError"
    assert hub.execute(ADA, kernel, f"!touch {ROOT}/hub/place.py {ROOT}/env/x {ROOT}/book.git/x 2>&1").count("denied") == 3
    assert hub.ask(ADA, "DELETE", f"/user/{ADA}/api/kernels/{kernel}").ok


def pid_of(name: str) -> int:
    return int(run("pgrep", "--uid", name, "--oldest").stdout)


@pytest.mark.parametrize(
    "path", [f"/user/{BEN}/api/contents/ps1/ps1.ipynb", f"/user/{BEN}/api/kernels", f"/user/{BEN}/lab", f"/hub/api/users/{BEN}"]
)
def test_a_student_is_not_let_into_anothers_server(released, path):
    assert released.ask(ADA, "GET", path).status_code in (403, 404)


@pytest.mark.parametrize("path", [f"../{BEN}/ps1/ps1.ipynb", "..%2F..%2Fcourse%2Fgradebook.db", "link/ps1/ps1.ipynb"])
def test_the_contents_api_does_not_lead_out(released, path):
    link = Path(pwd.getpwnam(ADA).pw_dir) / "link"
    if not link.is_symlink():
        link.symlink_to(pwd.getpwnam(BEN).pw_dir)
    answer = released.ask(ADA, "GET", f"/user/{ADA}/api/contents/{path}")
    assert not answer.ok and "slope" not in answer.text


ATTACK = """
import os, signal, subprocess, glob
def tried(path):
    try:
        return open(path).read() if not os.path.isdir(path) else os.listdir(path)
    except OSError as error:
        return type(error).__name__
told = [tried(path) for path in {secrets!r}]
told += [subprocess.run(["sudo", "-n", "true"], stderr=-3).returncode, os.getcwd(), os.getuid()]
told += [os.listdir({grading!r}) if os.access({grading!r}, os.R_OK) else "closed"]
try:
    bytearray(2 * 1024**3)
except MemoryError:
    told.append("MemoryError")
subprocess.Popen(["sleep", "987"], start_new_session=True)  # left behind, if nobody ends it
def slope(w):
    return 2 * w
"""


def scores() -> dict[str, str]:
    """What nbgrader exports: the points of each student whose work it has."""
    run(NBGRADER, "export", user=TEACHER, cwd=ROOT / "course")
    with (ROOT / "course" / "grades.csv").open(newline="") as lines:
        return {row["student_id"]: row["score"] for row in csv.DictReader(lines)}


def test_students_code_is_graded_as_an_account_that_reaches_nothing(released):
    hub = released
    submit(hub, ADA, ATTACK.format(secrets=secrets(), grading=str(ROOT / "grading")) + "print(*told)")
    submit(hub, BEN, "def slope(w):\n    return 2 * w if w < 4 else 0")  # wrong in the hidden test
    run(NBGRADER, "collect", "ps1", user=TEACHER, cwd=ROOT / "course")
    run(NBGRADER, "autograde", "ps1", user=TEACHER, cwd=ROOT / "course")
    graded = nbformat.read(ROOT / "course" / "autograded" / ADA / "ps1" / "ps1.ipynb", as_version=4)
    (told,) = (output.text for output in graded.cells[0].outputs if output.output_type == "stream")
    *reached, sudo, place, uid, grading, memory = told.split()
    assert reached == ["PermissionError"] * len(secrets())
    assert (sudo, grading, memory) == ("1", "closed", "MemoryError")
    assert place.startswith(str(ROOT / "grading")) and int(uid) == pwd.getpwnam(f"{ROOT.name}-grader").pw_uid
    assert [path.name for path in (ROOT / "grading").iterdir()] == ["lock"]
    assert subprocess.run(["pgrep", "--uid", f"{ROOT.name}-grader"], capture_output=True).stdout == b""
    assert {name: scores()[name] for name in (ADA, BEN)} == {ADA: "2.0", BEN: "1.0"}


@pytest.mark.parametrize(
    "answer",
    [
        "while True: pass",
        "import os, signal; os.kill(os.getppid(), 9); os._exit(3)",
        "while True:\n try:\n  while True: pass\n except KeyboardInterrupt: pass",
    ],
)
def test_what_never_ends_or_ends_python_is_ended_and_graded_0(released, answer):
    submit(released, ADA, answer)
    (ROOT / "grading" / "left" / "by a grading that was killed").mkdir(parents=True)
    run(NBGRADER, "collect", "ps1", "--update", user=TEACHER, cwd=ROOT / "course")
    grade = NBGRADER, "autograde", "ps1", f"--student={ADA}", "--force", "--Execute.timeout=3"
    run(*grade, user=TEACHER, check=False, cwd=ROOT / "course")
    assert float(scores()[ADA] or 0) == 0
    assert subprocess.run(["pgrep", "--uid", f"{ROOT.name}-grader"], capture_output=True).stdout == b""
    assert [path.name for path in (ROOT / "grading").iterdir()] == ["lock"]


# ------------------------------------------------------------ the teacher's commands


def test_a_set_of_numbers_of_each_students_own_goes_out_and_comes_back(released):
    hub, course = released, ROOT / "course" / "nbgrader"
    run(PYTHON, "-Es", "-m", "bpcourse.classroom", "make", ROOT / "roster.csv", "--out", ROOT / "course")
    run("chown", "--recursive", TEACHER, ROOT / "course")
    run(NBGRADER, "generate_assignment", "set1", "--create", user=TEACHER, cwd=course)
    run(NBGRADER, "release_assignment", "set1", user=TEACHER, cwd=course)
    hub.students("hand-out", "set1")
    homes = {name: Path(pwd.getpwnam(name).pw_dir) / "set1" / "set1.ipynb" for name in STUDENTS}
    assert all(path.owner() == name and path.stat().st_mode & 0o77 == 0 for name, path in homes.items())
    assert len({path.read_text() for path in homes.values()}) == len(STUDENTS)
    homes[ADA].write_text((ROOT / "course" / "keys" / ADA / "set1.ipynb").read_text())  # she solved it all
    hub.students("hand-out", "set1")
    assert homes[ADA].read_text() != homes[BEN].read_text() and "answer" in homes[ADA].read_text()
    for name in ADA, BEN:
        assert "Submitted" in hub.once(name, "!nbgrader submit set1 2>&1")
    run(NBGRADER, "collect", "set1", user=TEACHER, cwd=course)
    run(NBGRADER, "autograde", "set1", "--create", user=TEACHER, cwd=course)
    run(NBGRADER, "export", user=TEACHER, cwd=course)
    with (course / "grades.csv").open(newline="") as lines:
        rows = {row["student_id"]: row for row in csv.DictReader(lines) if row["assignment"] == "set1"}
    assert float(rows[ADA]["score"]) == float(rows[ADA]["max_score"]) > 0 and float(rows[BEN]["score"]) == 0


def test_who_left_the_class_is_packed_and_removed(hub):
    left = STUDENTS[-1]
    roster = (ROOT / "roster.csv").read_text()
    (ROOT / "roster.csv").write_text("".join(line for line in roster.splitlines(keepends=True) if left not in line))
    assert left in hub.students("remove")
    with pytest.raises(KeyError):
        pwd.getpwnam(left)
    assert not (ROOT / "home" / left).exists() and (ROOT / "left" / f"{left}.tar.gz").stat().st_mode & 0o77 == 0
    assert sorted(hub.students("list").split()) == STUDENTS[:-1]
