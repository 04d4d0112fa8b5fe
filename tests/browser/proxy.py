"""The only network that the browser has: a proxy that answers everything itself and remembers it.

The pages stand at ORIGIN; whoever asks for anything else is written down, and answered such that code
from there would be noticed.
"""
import http.server
import threading
import urllib.error
import urllib.parse
import urllib.request

ORIGIN = "http://reader.test"
GIF = bytes.fromhex("47494638396101000100800000ffffff00000021f90401000000002c00000000010001000002024401003b")
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # whatever the environment says
FOREIGN = {
    ".js": ("text/javascript", b"steal('foreign script')"),
    ".css": ("text/css", b"body{background:url(//evil.example/from-css)}"),
    ".html": ("text/html", b"<script>parent.steal('foreign frame')</script>"),
    ".svg": ("image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, kind, body):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self):
        site, url = self.server.site, self.path
        if not url.startswith("http"):  # asked as a server, not as a proxy
            url = f"http://{self.headers.get('Host', '?')}{url}"
        length = int(self.headers.get("Content-Length") or 0)
        self.rfile.read(length)
        if url.startswith(ORIGIN + "/"):
            kind, body = site.pages.get(url[len(ORIGIN):], ("text/plain", None))
            self.answer(200 if body is not None else 404, kind, body or b"")
            return
        if url.startswith(tuple(site.servers)):
            self.relay(url)
            return
        site.note(url)
        path = urllib.parse.urlsplit(url).path
        kind, body = FOREIGN.get(path[path.rfind("."):], ("image/gif", GIF))
        self.answer(200, kind, body)

    def relay(self, url):
        """From a real server of the test's own: its answer as it is."""
        request = urllib.request.Request(url, headers={
            name: self.headers[name] for name in ("Accept-Language",) if name in self.headers})
        try:
            answer = OPENER.open(request, timeout=20)
        except urllib.error.HTTPError as error:
            answer = error
        except OSError:
            self.answer(502, "text/plain", b"")
            return
        body = answer.read()
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            if name.lower() not in ("connection", "content-length", "transfer-encoding"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_PUT = do_HEAD = do_OPTIONS = do_GET

    def do_CONNECT(self):
        self.server.site.note("https://" + self.path.removesuffix(":443") + "/")
        self.close_connection = True
        self.answer(502, "text/plain", b"")

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        """A browser that hangs up is none of ours."""


class Site:
    def __init__(self):
        self.pages = {}  # path → (media type, bytes)
        self.servers = []  # beginnings of URLs that are asked for real
        self.foreign = []
        self.lock = threading.Lock()

    def __enter__(self):
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.site = self
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def note(self, url):
        with self.lock:
            self.foreign.append(url)

    def take_foreign(self):
        """The requests for other origins since the last time."""
        with self.lock:
            taken, self.foreign = self.foreign, []
        return taken
