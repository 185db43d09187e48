"""A student's cell runs apart: whatever it does costs the student that cell, and nobody else anything."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bpcourse.classroom import apart, inside

GIVEN = "import numpy as np\nx = np.array([[2.0], [3.0]])"
LOOPS = ["while True: pass", "import time\ntime.sleep(1000)", "import os\nos.setsid()\nwhile True: pass"]
FORGED = [b"", b"{", b"[]", b"null", b"{}", b'{"values": 1}', b'{"values": {"a": {"array": ["x"]}}, "calls": []}']
GOOD = "answer = {'a': x.T, 'b': 1, 'c': (2, [np.float64(2.5)]), 'd': 'z', 'e': None, 'f': ...}"


@pytest.fixture(autouse=True)
def short(monkeypatch):
    monkeypatch.setattr(apart, "SECONDS", 2)


def run(source, **more):
    return apart.run(source, GIVEN, ["answer"], **more)


def test_plain_data_comes_back():
    came = run(GOOD)
    answer = came.values["answer"]
    assert came.error is None and np.array_equal(answer.pop("a"), [[2, 3]])
    assert repr(answer) == "{'b': 1, 'c': (2, [2.5]), 'd': 'z', 'e': None, 'f': a ellipsis}"


def test_a_function_is_called_on_each_case():
    source = "def half(x):\n    return 1 / x if x else x / 0"
    came = run(source, function="half", calls=[[2.0], [0], [np.array([4.0])]])
    assert came.calls[0] == (0.5, None) and came.calls[1] == (None, "ZeroDivisionError: division by zero (line 2)")
    assert came.calls[2][0].tolist() == [0.25]
    assert run(GOOD, function="half", calls=[[2.0]]).calls == [(None, "TypeError: 'NoneType' object is not callable")]


@pytest.mark.parametrize(
    "source, said",
    [
        ("1 / 0", r"ZeroDivisionError: division by zero \(line 1\)"),
        ("x = 1\nanswer = (", r"SyntaxError: .* \(line 2\)"),
        ("import sys\nsys.exit(0)", "SystemExit: 0"),
        ("import os\nos._exit(0)", "ended Python"),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\nos.abort()", "ended Python"),
        ("import ctypes\nctypes.string_at(0)", "ended Python"),
        ("answer = 'x' * 10**10", "MemoryError"),
        ("import sys\nsys.setrecursionlimit(10**9)\ndef f(): f()\nf()", "ended Python|RecursionError|stopped"),
        ("answer = 'x' * 10**7", "ended Python, |more than can be read"),
        ("import json\njson.dumps = lambda *told: '{}'", "ended Python"),
        ("np.ndarray = None\nanswer = x", "ended Python"),
        ("raise BaseException", "BaseException"),
        ("class E(Exception):\n    def __str__(self): raise E\nraise E", "^E"),
        ("answer = []\nanswer.append(answer)", "ended Python"),
    ],
)
def test_what_goes_wrong_is_told(source, said):
    came = run(source)
    assert came.error and not came.values
    assert re.search(said, came.error), came.error


@pytest.mark.parametrize("source", LOOPS)
def test_a_loop_is_stopped(source):
    assert "more than 2 seconds" in run(source).error


def test_the_cell_can_neither_multiply_nor_reach_the_grader(tmp_path):
    (tmp_path / "key").write_text("42")
    assert "BlockingIOError" in run("import os\nos.fork()").error
    assert run("import os\nanswer = os.environ.get('PYTHONPATH', '')", hidden=[tmp_path]).error is None
    if not run("answer = 1").alone:
        pytest.skip("this system gives a process no world of its own")
    listed = f"import os\nanswer = os.listdir({str(tmp_path)!r})"
    came = run(listed, hidden=[tmp_path])
    assert came.error or came.values["answer"] == []  # what lies in another folder that is covered is not there at all
    covered = (
        "import os\nhome = HOME\nanswer = [os.listdir('/proc'), [x for x in os.listdir(home) if os.path.isfile(home + '/' + x)]]"
    )
    assert run(covered.replace("HOME", repr(str(Path.home())))).values["answer"] == [[], []]
    assert run("import sqlite3, wave, numpy.fft, bpcourse.beyond.recurrent\nanswer = 1").values["answer"] == 1
    assert "Error" in run(f"open({str(tmp_path / 'key')!r}, 'w')").error
    assert (tmp_path / "key").read_text() == "42"
    assert "Error" in run("import os, signal\nos.kill(-1, signal.SIGKILL)").error
    assert "Error" in run("import socket\nsocket.create_connection(('127.0.0.1', 22), 1)").error
    walls = "import ctypes\nlibc = ctypes.CDLL(None)\nanswer = [libc.umount(folder), libc.setuid(0), libc.unshare(0x10000000)]"
    came = run(walls.replace("folder", repr(str(tmp_path).encode())), hidden=[tmp_path])
    assert came.values["answer"][0] == -1 and (came.values["answer"][1] == -1 or os.geteuid())


def test_nothing_that_the_grader_holds_is_in_the_process():
    source = "import gc, os\nanswer = [str(os.environ), len([o for o in gc.get_objects() if type(o).__name__ == 'Task'])]"
    os.environ["BPCOURSE_TEST_KEY"] = "secret"
    try:
        environment, tasks = run(source).values["answer"]
    finally:
        del os.environ["BPCOURSE_TEST_KEY"]
    assert "secret" not in environment and tasks == 0


@pytest.mark.parametrize("told", FORGED)
def test_what_a_process_forges_is_read_as_nothing(told):
    assert apart._read(told, 0).error and not apart._read(told, 0).values


def test_a_stranger_stays_a_stranger():
    assert repr(inside.decode(inside.encode(object()))) == "a object"


def test_without_root_the_walls_stand_as_well():
    if os.geteuid() != 0 or sys.platform != "linux":
        pytest.skip("only root can try as somebody else")
    tried = "from bpcourse.classroom import apart; print(apart.run('import os; os.fork()').error)"
    try:
        found = subprocess.run(
            [sys.executable, "-c", tried], user=1234, group=1234, extra_groups=[], capture_output=True, text=True, cwd="/"
        )
    except PermissionError:
        pytest.skip("Python lies where nobody but root can read it")
    assert "BlockingIOError" in found.stdout, found.stderr
