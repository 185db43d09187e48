"""A Firefox without a window, by the protocol that it speaks itself (WebDriver BiDi): no driver, nothing to download."""

import itertools
import json
import re
import subprocess
import time
from pathlib import Path

import pytest
import websocket
from conftest import program

INSTALL = "Debian: apt-get install firefox-esr; others: Firefox"
PREFERENCES = {
    "browser.shell.checkDefaultBrowser": False,
    "browser.aboutwelcome.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.dns.disabled": True,
    "app.update.disabledForTesting": True,
}
HERE = re.compile(r"(file|data|blob|about|resource|chrome|moz-extension):|http://127\.0\.0\.1:")
SECONDS = 60


class Firefox:
    """One tab; `preferences` as in about:config."""

    def __init__(self, profile: Path, **preferences) -> None:
        lines = (f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in {**PREFERENCES, **preferences}.items())
        self.profile = profile
        (profile / "user.js").write_text("\n".join(lines))
        firefox = program("Firefox", ("firefox", "firefox-esr"), INSTALL)
        command = [firefox, "--headless", "--no-remote", "--profile", str(profile), "--remote-debugging-port=0"]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if found := re.search(r"WebDriver BiDi listening on (ws://\S+)", line):
                break
        else:
            pytest.fail(f"Firefox ended with {self.process.wait()} before it listened")
        self.numbers = itertools.count()
        self.troubles: list[str] = []
        self.socket = websocket.create_connection(f"{found[1]}/session", timeout=SECONDS, suppress_origin=True)
        self.ask("session.new", capabilities={})
        self.ask("session.subscribe", events=["log.entryAdded", "network.beforeRequestSent"])
        self.tab = self.ask("browsingContext.getTree")["contexts"][0]["context"]

    def ask(self, method: str, **params) -> dict:
        number = next(self.numbers)
        self.socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            answer = json.loads(self.socket.recv())
            if answer.get("id") == number:
                assert answer["type"] == "success", f"{method}: {answer}"
                return answer["result"]
            self.hear(**answer)

    def hear(self, type: str, method: str = "", params: dict | None = None, **_) -> None:
        """Note an error of a page, and what it asks of others than this machine."""
        if method == "log.entryAdded" and params["level"] == "error":
            self.troubles.append(params["text"])
        elif method == "network.beforeRequestSent" and not HERE.match(params["request"]["url"]):
            self.troubles.append(params["request"]["url"])

    def go(self, address: str) -> None:
        self.ask("browsingContext.navigate", context=self.tab, url=address, wait="complete")

    def reload(self) -> None:
        self.ask("browsingContext.reload", context=self.tab, wait="complete")

    def back(self) -> None:
        here = self.evaluate("location.href")
        self.ask("browsingContext.traverseHistory", context=self.tab, delta=-1)
        loaded = "document.readyState === 'complete' && location.href"
        wait_for(lambda: self.evaluate(loaded) not in (False, here), "Firefox did not go back")

    def widen(self, width: int) -> None:
        self.ask("browsingContext.setViewport", context=self.tab, viewport={"width": width, "height": 800})

    def evaluate(self, expression: str):
        """What an expression gives, or what it promises, through JSON."""
        told = self.ask(
            "script.evaluate",
            expression=f"(async () => JSON.stringify((await ({expression})) ?? null))()",
            target={"context": self.tab},
            awaitPromise=True,
        )
        assert told["type"] == "success", told
        return json.loads(told["result"]["value"])

    def close(self) -> None:
        self.ask("browser.close")
        self.socket.close()
        self.process.wait(SECONDS)

    def end_once_stored(self) -> None:
        """End the program as a power cut does, but after it has written down what its tab shows."""
        mark, stored = "qxjzvkwy", self.profile / "sessionstore-backups" / "recovery.jsonlz4"
        self.evaluate(f"void (location.hash = '{mark}')")
        # The file is packed, but letters that come together nowhere else stand there as they are.
        wait_for(lambda: stored.exists() and mark.encode() in stored.read_bytes(), "Firefox stored no session")
        self.socket.close()
        self.process.terminate()
        self.process.wait(SECONDS)

    def find_tab(self, part: str) -> None:
        """Turn to the tab whose address has this part, once it is loaded."""

        def found() -> bool:
            for tab in self.ask("browsingContext.getTree")["contexts"]:
                if part in tab["url"]:
                    self.tab = tab["context"]
                    return self.evaluate("document.readyState") == "complete"
            return False

        wait_for(found, f"no tab came back with {part}")


def wait_for(condition, otherwise: str) -> None:
    last = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < last, otherwise
        time.sleep(0.05)
