"""Kernels that are copies of one process: what each of them would read first is read once.

To start Python, Jupyter's kernel, matplotlib, widgets and `bpcourse` takes three seconds of a core, most pages run in one. A
copy (fork) of a process that has read these begins at once. Only on Linux: elsewhere a copy of a process that has read numpy
may not work.
"""

import contextlib
import functools
import importlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from importlib.metadata import EntryPoint
from typing import Any

from jupyter_client.provisioning import KernelProvisionerFactory, LocalProvisioner

READ = (
    "ipykernel.debugger", "IPython.core.oinspect", "IPython.extensions.storemagic", "psutil", "sqlite3",
    "tornado.platform.asyncio", "matplotlib.pyplot", "matplotlib.backends.backend_svg", "anywidget", "tqdm",
    "bpcourse.explore", "bpcourse.figures",
)  # fmt: skip
"""What all kernels read as they begin, then what most pages do."""

WORKS = sys.platform == "linux"
"""Whether kernels here can be copies."""


def copied() -> None:
    """Have this process start its kernels as copies."""
    factory = KernelProvisionerFactory.instance()
    factory.provisioners["copied"] = EntryPoint("copied", f"{__name__}:Copied", factory.GROUP_NAME)
    factory.default_provisioner_name = "copied"


@functools.cache
def mother() -> subprocess.Popen[str]:
    """The process that is copied: it begins with the first kernel, or sooner, where this is called while others wait."""
    return subprocess.Popen(
        [sys.executable, "-E", __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    )


class Copied(LocalProvisioner):
    """Starts a kernel as a copy of the mother, and jupyter_client looks after it as after others."""

    one_at_a_time = threading.Lock()

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Have the kernel of this command begin."""
        arguments = cmd[cmd.index("ipykernel_launcher") + 1 :]
        self.cwd = str(kwargs.get("cwd") or os.getcwd())
        with self.one_at_a_time:
            asked, answers = mother().stdin, mother().stdout
            assert asked and answers
            print(json.dumps([arguments, self.cwd, kwargs["env"]]), file=asked, flush=True)
            self.process = Copy(int(answers.readline()))
        self.pid = self.pgid = self.process.pid
        return self.connection_info


class Copy:
    """The mother's child as jupyter_client asks about it, in the words of `subprocess.Popen`."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def poll(self) -> int | None:
        """None while it lives; how it ended, the mother alone could know."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return 0
        return None

    def wait(self) -> int:
        """Until it has ended."""
        while self.poll() is None:
            time.sleep(0.01)
        return 0

    def send_signal(self, number: int) -> None:
        """As the command kill."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)


def be_copied() -> None:
    """Read what all kernels need; for each line of input copy yourself, and write the copy's number."""
    os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"  # as a kernel says before it reads matplotlib
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"  # no word of the debugger on what no one debugs
    os.nice(5)  # first come the pages that are read meanwhile, by one process alone
    for name in READ:
        with contextlib.suppress(Exception):  # what cannot be read, a page says that asks for it
            importlib.import_module(name)
    from ipykernel.kernelapp import IPKernelApp

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # a copy that has ended is gone, no one waits for it
    for line in sys.stdin:
        arguments, folder, surroundings = json.loads(line)
        copy = os.fork()
        if copy:
            print(copy, flush=True)
            continue
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(2, 1)
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(surroundings)
        IPKernelApp.launch_instance(argv=arguments, parent_handle=os.getppid())
        os._exit(0)


if __name__ == "__main__":
    be_copied()
