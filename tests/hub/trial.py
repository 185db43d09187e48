"""A real hub in `_build/bptest`, with accounts of its own: installed, used and taken away by tests and by `benchmarks/hub.py`."""

from __future__ import annotations

import contextlib
import csv
import fcntl
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.parse
import uuid
from collections.abc import Iterator
from pathlib import Path

import requests
import websocket

BOOK = Path(__file__).parents[2]
ROOT = BOOK / "_build" / "bptest"
KEPT = BOOK / "_build" / "bptest-kept"
PYTHON = ROOT / "env" / "bin" / "python"
TEACHER = "bptest-teacher"
STUDENTS = [f"bptest-s{number:02}" for number in range(1, 11)]
IN_JUPYTER = "env", f"PATH={ROOT}/env/bin:/usr/bin:/bin"
SECONDS = 120


def run(*command: str | Path, user: str = "", check: bool = True, **options) -> subprocess.CompletedProcess[str]:
    """A command's result, as root or as a user in a terminal of JupyterLab; where it failed, an AssertionError says why."""
    if user:
        home = next(line.split(":")[5] for line in Path("/etc/passwd").read_text().splitlines() if line.startswith(f"{user}:"))
        command = ("setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", "--reset-env", "--", *IN_JUPYTER, *command)
        options = {"cwd": home, **options}
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, **options)
    assert done.returncode == 0 or not check, f"{' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}"
    return done


def free_ports() -> int:
    """A port that is free with both that follow it."""
    for port in range(18100, 19000, 3):
        with contextlib.suppress(OSError), contextlib.ExitStack() as held:
            for number in port, port + 1, port + 2:
                held.enter_context(socket.create_server(("127.0.0.1", number)))
            return port
    raise OSError("no three free ports in a row between 18100 and 19000")


def take_away() -> None:
    """Everything that a hub of this name has left, but the installed environment; also what a run that was cut off has."""
    for line in Path("/etc/passwd").read_text().splitlines():
        if line.startswith("bptest-"):
            subprocess.run(["pkill", "--signal", "KILL", "--uid", line.split(":")[2]], check=False)
    for pid in (ROOT / "state").glob("*.pid"):
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid.read_text()), signal.SIGKILL)
    if (ROOT / "hub" / "place.py").exists():
        KEPT.mkdir(exist_ok=True)
        run("cp", "-al", ROOT / "env", ROOT / "node", KEPT)  # uninstall needs them, and removes them
        run(BOOK / "hub" / "uninstall", ROOT)
        shutil.rmtree(f"{ROOT}-left")
        KEPT.rename(ROOT)
    if re.search(f"^{TEACHER}:", Path("/etc/passwd").read_text(), re.M):
        subprocess.run(["userdel", "--remove", TEACHER], check=True, capture_output=True)


class Hub:
    """A running hub: its address, its students' passwords, and what can be asked of it as one of them."""

    def __init__(self, students: list[str], port: int) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self.log = ROOT / "state" / "log.txt"
        rows = "\n".join(f"{name},Student {name[-2:]}" for name in students)
        (ROOT / "roster.csv").write_text(f"identifier,name\n{rows}\n")
        self.passwords = dict(csv.reader(self.students("add").splitlines()))
        self.tokens: dict[str, str] = {}

    def students(self, *what: str) -> str:
        """What `hub/students` prints."""
        return run(PYTHON, "-Es", ROOT / "hub" / "students", *what).stdout

    def login(self, name: str, password: str) -> requests.Session | None:
        """A session of who logged in with the page's form; None for who may not."""
        session = requests.Session()
        session.get(f"{self.address}/hub/login", timeout=SECONDS)
        form = {"username": name, "password": password, "_xsrf": session.cookies["_xsrf"]}
        answer = session.post(f"{self.address}/hub/login?next=/hub/home", data=form, timeout=SECONDS)
        return session if answer.ok and answer.url.endswith("/hub/home") else None

    def start(self, name: str) -> None:
        """Log in and start the student's server."""
        session = self.login(name, self.passwords[name])
        assert session is not None, f"{name} could not log in"
        session.headers["X-XSRFToken"] = next(c.value for c in session.cookies if c.name == "_xsrf" and c.path == "/hub/")
        made = session.post(f"{self.address}/hub/api/users/{name}/tokens", json={}, timeout=SECONDS)
        assert made.ok, made.text
        self.tokens[name] = made.json()["token"]
        begun = self.ask(name, "POST", f"/hub/api/users/{name}/server")
        assert begun.ok, begun.text + self.log.read_text()
        last = time.monotonic() + SECONDS
        while not self.ask(name, "GET", f"/hub/api/users/{name}").json()["servers"].get("", {}).get("ready"):
            assert time.monotonic() < last, self.log.read_text()
            time.sleep(0.2)

    def ask(self, name: str, method: str, path: str, **options) -> requests.Response:
        """A request with the student's token."""
        headers = {"Authorization": f"token {self.tokens[name]}"}
        return requests.request(method, self.address + path, headers=headers, timeout=SECONDS, **options)

    def pull(self, name: str) -> None:
        """Fetch the book's files as the first page after a login does."""
        query = urllib.parse.urlencode({"repo": f"file://{ROOT}/book.git", "branch": "main", "targetpath": "book"})
        told = self.ask(name, "GET", f"/user/{name}/git-pull/api?{query}").text
        assert '"phase": "finished"' in told, told

    def kernel(self, name: str, notebook: str = "") -> str:
        """A new kernel's id, or that of a notebook that is open."""
        if not notebook:
            return self.ask(name, "POST", f"/user/{name}/api/kernels", json={"name": "python3"}).json()["id"]
        sessions = self.ask(name, "GET", f"/user/{name}/api/sessions").json()
        return next(session["kernel"]["id"] for session in sessions if session["path"] == notebook)

    def execute(self, name: str, kernel: str, code: str) -> str:
        """What the code prints in the student's kernel, and its error's name."""
        header = {"msg_id": uuid.uuid4().hex, "username": name, "session": uuid.uuid4().hex, "msg_type": "execute_request"}
        asked = {"code": code, "silent": False, "store_history": False, "allow_stdin": False}
        message = {
            "header": {**header, "version": "5.3"},
            "parent_header": {},
            "metadata": {},
            "content": asked,
            "channel": "shell",
        }
        place = f"{self.address.replace('http', 'ws')}/user/{name}/api/kernels/{kernel}/channels"
        channels = websocket.create_connection(
            place, header=[f"Authorization: token {self.tokens[name]}"], timeout=SECONDS, suppress_origin=True
        )
        printed = ""
        with contextlib.closing(channels):
            channels.send(json.dumps(message))
            while True:
                told = json.loads(channels.recv())
                if told["parent_header"].get("msg_id") != header["msg_id"]:
                    continue
                kind, content = told["msg_type"], told["content"]
                printed += content["text"] if kind == "stream" else content["ename"] if kind == "error" else ""
                if kind == "status" and content["execution_state"] == "idle":
                    return printed

    def once(self, name: str, code: str) -> str:
        """What the code prints in a kernel that ends with it."""
        kernel = self.kernel(name)
        try:
            return self.execute(name, kernel, code)
        finally:
            self.ask(name, "DELETE", f"/user/{name}/api/kernels/{kernel}")


@contextlib.contextmanager
def hub(students: list[str] = STUDENTS) -> Iterator[Hub]:
    """A hub of these students and a teacher, from its installation to the last trace of it."""
    with (BOOK / "_build" / "bptest.lock").open("w") as lock:  # two at once would take each other away
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield from _hub(students)


def _hub(students: list[str]) -> Iterator[Hub]:
    take_away()
    try:
        run("useradd", "--create-home", "--user-group", "--key", "HOME_MODE=0700", TEACHER)
        port = free_ports()
        text = (BOOK / "hub" / "settings.toml").read_text()
        text = text.replace("teachers = []", f'teachers = ["{TEACHER}"]').replace("port = 8000", f"port = {port}")
        (ROOT / "settings.toml").write_text(text)
        run(BOOK / "hub" / "install", ROOT)
        made = Hub(students, port)
        with made.log.open("w") as log:
            command = [ROOT / "env/bin/jupyterhub", "--config", ROOT / "hub/jupyterhub_config.py"]
            process = subprocess.Popen(command, cwd=ROOT / "state", stdout=log, stderr=log, start_new_session=True)
        (ROOT / "state" / "hub.pid").write_text(str(process.pid))
        try:
            last = time.monotonic() + SECONDS
            while True:
                with contextlib.suppress(requests.ConnectionError):
                    if requests.get(f"{made.address}/hub/health", timeout=SECONDS).ok:
                        break
                assert process.poll() is None and time.monotonic() < last, made.log.read_text()
                time.sleep(0.2)
            yield made
        finally:
            process.terminate()
            try:
                process.wait(SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            for pid in (ROOT / "state").glob("*.pid"):
                pid.unlink()
    finally:
        take_away()
