"""Runs last of the folder: a hub that was taken away has left nothing on the machine."""

import grp
import pwd
import subprocess
from pathlib import Path

import trial


def test_nothing_is_left_behind():
    with trial.hub(["bptest-t1"]) as running:
        assert running.login("bptest-t1", running.passwords["bptest-t1"])
    mine = [name for name in [*(u.pw_name for u in pwd.getpwall()), *(g.gr_name for g in grp.getgrall())] if "bptest" in name]
    assert mine == []
    assert [
        path for folder in ("/etc/sudoers.d", "/etc/ssh", "/home", "/etc/systemd") for path in Path(folder).rglob("*bptest*")
    ] == []
    assert subprocess.run(["pgrep", "--full", f"{trial.ROOT}/"], capture_output=True).stdout == b""
    assert {path.name for path in trial.ROOT.iterdir()} == {"env", "node"}
