"""The hub of a class on one machine: system accounts and their passwords, and nobody who is not on the roster.

JupyterHub runs as root, because only root can start each student's server as that student; the servers do not.
"""

import sys
from pathlib import Path
from urllib.parse import urlencode

sys.path.insert(0, str(Path(__file__).parent))

from jupyterhub.auth import PAMAuthenticator
from place import ENV, ROOT, SETTINGS, limits, may_enter

STATE = ROOT / "state"


class Roster(PAMAuthenticator):
    """A system account's password, asked of PAM, for names on the roster only. Ask again later: rosters change."""

    def check_allowed(self, username, authentication=None):
        """Whether the roster, as it is now, has this name."""
        return may_enter(username)

    async def refresh_user(self, user, handler=None):
        """Whether who logged in an hour ago still may."""
        return may_enter(user.name)


c = get_config()  # noqa: F821

c.JupyterHub.authenticator_class = Roster
c.Authenticator.any_allow_config = True  # check_allowed is it
c.Authenticator.allow_existing_users = False  # whoever was on the roster once is not on it for ever
c.Authenticator.admin_users = set(SETTINGS["teachers"])
c.Authenticator.auth_refresh_age = 60
c.Authenticator.refresh_pre_spawn = True

scheme = "https" if SETTINGS["certificate"] else "http"
c.JupyterHub.bind_url = f"{scheme}://{SETTINGS['address']}:{SETTINGS['port']}"
c.JupyterHub.ssl_cert, c.JupyterHub.ssl_key = SETTINGS["certificate"], SETTINGS["key"]
c.JupyterHub.hub_ip, c.JupyterHub.hub_port = "127.0.0.1", SETTINGS["port"] + 2
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{SETTINGS['port'] + 1}"
c.ConfigurableHTTPProxy.command = [str(ROOT / "node/node_modules/.bin/configurable-http-proxy")]
c.ConfigurableHTTPProxy.pid_file = str(STATE / "proxy.pid")
c.ConfigurableHTTPProxy.should_start = True
c.JupyterHub.db_url = f"sqlite:///{STATE}/jupyterhub.sqlite"
c.JupyterHub.cookie_secret_file = str(STATE / "cookie_secret")
c.JupyterHub.cleanup_servers = False  # a restart leaves students' kernels alone

c.JupyterHub.spawner_class = "jupyterhub.spawner.LocalProcessSpawner"
c.Spawner.cmd = [*limits(SETTINGS["student"]), str(ENV / "bin/jupyterhub-singleuser")]
c.Spawner.env_keep = ["LANG", "LC_ALL"]  # nothing else of root's goes to students
c.Spawner.environment = {
    "PATH": f"{ENV}/bin:/usr/bin:/bin",
    "GIT_CONFIG_SYSTEM": str(ROOT / "gitconfig"),  # git copies from another's folder only where this says that it may
    "OMP_NUM_THREADS": str(SETTINGS["student"]["cores"]),
    "OPENBLAS_NUM_THREADS": str(SETTINGS["student"]["cores"]),
}
# Each login fetches the book's files again. What a student changed stays: nbgitpuller merges, and moves aside what it cannot.
pull = {"repo": f"file://{ROOT}/book.git", "branch": "main", "targetpath": "book", "urlpath": "lab/tree/book/notebooks"}
c.Spawner.default_url = f"/git-pull?{urlencode(pull)}"
c.Spawner.http_timeout = c.Spawner.start_timeout = 120
