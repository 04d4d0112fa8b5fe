"""A headless Chromium, driven over its debugging pipe: no port, no driver, nothing of the user's."""
import base64
import fcntl
import json
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading

SECONDS = 120  # a bound for a hung browser, not a measure
# It speaks to nobody but us: every request goes to the proxy, and what it does of its own accord is off.
QUIET = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-default-apps", "--disable-extensions", "--disable-domain-reliability",
         "--disable-client-side-phishing-detection", "--disable-dev-shm-usage", "--mute-audio",
         "--disable-features=OptimizationHints,MediaRouter,Translate,DialMediaRouteProvider,"
         "HttpsUpgrades,HttpsFirstBalancedModeAutoEnable",
         "--gaia-url=http://reader.test/", "--proxy-bypass-list=<-loopback>", "--remote-debugging-pipe")
# The pipe's ends are descriptors 3 and 4 in the browser.
ENTER = ("import os, sys; os.dup2(int(sys.argv[1]), 3); os.dup2(int(sys.argv[2]), 4); "
         "os.execv(sys.argv[3], sys.argv[3:])")


def find():
    """Its path, or None."""
    return shutil.which("chromium")


def high(descriptor):
    """The same, out of the way of 3 and 4."""
    copy = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(descriptor)
    return copy


class Failure(Exception):
    """The browser did not do as asked."""


class Browser:
    def __init__(self, program, proxy):
        self.command = [program, *QUIET, f"--proxy-server={proxy}"]
        self.events = queue.Queue()
        self.answers = {}
        self.answered = threading.Condition()
        self.n = 0
        self.sessions = {}

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="civicwire-browser-")
        theirs_in, ours_out = map(high, os.pipe())
        ours_in, theirs_out = map(high, os.pipe())
        self.log = open(os.path.join(self.folder, "log"), "wb")
        self.process = subprocess.Popen(
            [sys.executable, "-c", ENTER, str(theirs_in), str(theirs_out), *self.command,
             f"--user-data-dir={self.folder}/profile", "about:blank"],
            pass_fds=(theirs_in, theirs_out), stdout=self.log, stderr=self.log,
            env=dict(os.environ, HOME=self.folder))
        os.close(theirs_in)
        os.close(theirs_out)
        self.out, self.inp = os.fdopen(ours_out, "wb"), os.fdopen(ours_in, "rb")
        threading.Thread(target=self.listen, daemon=True).start()
        return self

    def __exit__(self, *_):
        try:
            self.ask("Browser.close")
            self.process.wait(timeout=20)
        except (Failure, OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def listen(self):
        rest = b""
        while True:
            data = self.inp.read1(1 << 16)
            if not data:
                break
            *messages, rest = (rest + data).split(b"\0")
            for message in map(json.loads, messages):
                self.take(message)
        with self.answered:
            self.answers[None] = True
            self.answered.notify_all()

    def take(self, message):
        if "id" in message:
            with self.answered:
                self.answers[message["id"]] = message
                self.answered.notify_all()
            return
        page = self.sessions.get(message.get("sessionId"))
        if page:
            page.take(message["method"], message["params"])

    def ask(self, method, session=None, **params):
        """The answer to a command of the protocol."""
        self.n += 1
        command = {"id": self.n, "method": method, "params": params}
        if session:
            command["sessionId"] = session
        self.out.write(json.dumps(command).encode() + b"\0")
        self.out.flush()
        number = self.n
        with self.answered:
            self.answered.wait_for(lambda: number in self.answers or None in self.answers, SECONDS)
            answer = self.answers.pop(number, None)
        if not answer or "error" in answer:
            raise Failure(f"{method}: {answer['error'] if answer else 'no answer'}")
        return answer["result"]

    def page(self):
        return Page(self)


class Page:
    """One tab, and all that happened in it: requests, scripts, dialogs, windows, navigations."""

    def __init__(self, browser):
        self.browser = browser
        self.requests = {}   # id → (URL without fragment, type), but for what a policy has stopped
        self.scripts = []    # the URLs of all scripts that the engine was given
        self.troubles = []   # what no page of text does
        self.loaded = threading.Event()
        self.target = browser.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = browser.ask("Target.attachToTarget", targetId=self.target,
                                   flatten=True)["sessionId"]
        browser.sessions[self.session] = self
        for domain in ("Page", "Network", "Runtime", "Debugger"):
            self.ask(f"{domain}.enable")
        self.ask("Debugger.setSkipAllPauses", skip=True)
        self.ask("Target.setAutoAttach", autoAttach=True, waitForDebuggerOnStart=False, flatten=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.browser.sessions.pop(self.session, None)
        self.browser.ask("Target.closeTarget", targetId=self.target)

    def ask(self, method, **params):
        return self.browser.ask(method, self.session, **params)

    def take(self, method, params):
        if method == "Network.requestWillBeSent":
            # A redirection has the number of what it came from.
            self.requests[params["requestId"], params["request"]["url"]] = \
                (params["request"]["url"], params.get("type", ""))
        elif method == "Network.loadingFailed":
            if params.get("blockedReason") == "csp":
                for key in [key for key in self.requests if key[0] == params["requestId"]]:
                    del self.requests[key]
        elif method == "Network.webSocketCreated":
            self.requests[params["requestId"], ""] = (params["url"], "WebSocket")
        elif method == "Debugger.scriptParsed":
            self.scripts.append(params["url"])
        elif method == "Page.javascriptDialogOpening":
            self.troubles.append(f"a dialog: {params['message'][:80]}")
            # From another thread: this one reads the answers.
            threading.Thread(target=self.dismiss, daemon=True).start()
        elif method == "Page.loadEventFired":
            self.loaded.set()
        elif method == "Target.attachedToTarget":
            self.troubles.append(f"a {params['targetInfo']['type']} of its own: "
                                 f"{params['targetInfo']['url'][:80]}")
        elif method in ("Page.windowOpen", "Page.frameRequestedNavigation",
                        "Page.downloadWillBegin"):
            self.troubles.append(f"{method}: {str(params.get('url'))[:80]}")
        elif method == "Page.frameAttached":
            self.troubles.append("a frame")
        elif method == "Runtime.exceptionThrown":
            self.troubles.append(f"an exception: {params['exceptionDetails'].get('text')}")

    def dismiss(self):
        try:
            self.ask("Page.handleJavaScriptDialog", accept=False)
        except Failure:
            pass

    def load(self, url):
        self.loaded.clear()
        answer = self.ask("Page.navigate", url=url)
        if "errorText" in answer:
            raise Failure(f"{url}: {answer['errorText']}")
        if not self.loaded.wait(SECONDS):
            raise Failure(f"{url}: not loaded after {SECONDS} s")

    def run(self, expression, source):
        """The value of an expression (of what it promises). `source` names it among the scripts."""
        answer = self.ask("Runtime.evaluate", expression=f"{expression}\n//# sourceURL={source}",
                          awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise Failure(str(answer["exceptionDetails"].get("exception", answer))[:500])
        return answer["result"].get("value")

    def shoot(self, path):
        """What a person would see, as PNG."""
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.ask("Page.captureScreenshot")["data"]))
