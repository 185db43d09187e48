"""These tests make accounts, so they need root; and the hub's environment, which `make test-hub` installs."""

import os
import shutil
import sys

import pytest
import trial


def why_not() -> str:
    if sys.platform != "linux" or os.geteuid() != 0:
        return "a hub is tested as root on Linux, because it makes accounts and starts servers as other users"
    if missing := [
        name for name in ("useradd", "chpasswd", "setpriv", "prlimit", "sudo", "git", "node") if not shutil.which(name)
    ]:
        return f"a hub needs {', '.join(missing)}: apt-get install sudo git npm passwd util-linux"
    if not trial.PYTHON.exists():
        return "the hub's environment is not installed: make test-hub"
    closed = [str(folder) for folder in trial.ROOT.parents if not folder.stat().st_mode & 1]
    return f"students cannot reach the hub's folder through {', '.join(closed)}: clone elsewhere" if closed else ""


def pytest_collection_modifyitems(items):
    if reason := why_not():
        for item in items:
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def hub():
    with trial.hub() as running:
        for name in trial.STUDENTS:
            running.start(name)
            running.pull(name)
        yield running
