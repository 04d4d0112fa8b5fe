#!/usr/bin/python3
"""The tests' own hub, against a subscriber of a few lines: what is a fault of the hub is not to be looked for in the daemon."""
import hashlib
import hmac
import http.server
import pathlib
import sys
import threading
import urllib.parse
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import wire  # noqa: E402
from origin.hub import ALGORITHMS, MOODS, Hub  # noqa: E402

TOPIC, SECRET = "http://news.example/feed?a=1&b=é", "a secret & more"


class Subscriber(http.server.ThreadingHTTPServer):
    """Confirms what is about TOPIC; `statuses` are what it answers to the next pushes before it says 204."""
    daemon_threads = True

    def __init__(self):
        self.questions, self.pushes, self.statuses = [], [], []
        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()
        self.callback = f"http://127.0.0.1:{self.server_port}/websub/token?x=1"

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()

    def ask(self, hub, mood, mode="subscribe", **more):
        form = {"callback": self.callback, "mode": mode, "topic": TOPIC, "secret": SECRET, **more}
        body = urllib.parse.urlencode({"hub." + k: v for k, v in form.items()}).encode()
        before = len(hub.verified)
        with urllib.request.urlopen(f"http://127.0.0.1:{hub.memory['port']}/{mood}/self", body, 10) as said:
            status = said.status
        wire.wait_until("the question", lambda: len(hub.verified) > before, 10)
        return status, hub.verified[-1]


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        query = dict(urllib.parse.parse_qsl(self.path.partition("?")[2], keep_blank_values=True))
        self.server.questions.append(query)
        is_ours = query.get("hub.topic") == TOPIC and "hub.challenge" in query
        self.send_response(200 if is_ours else 404)
        self.end_headers()
        self.wfile.write(query["hub.challenge"].encode() if is_ours else b"")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.pushes.append((self.headers, body))
        self.send_response(self.server.statuses.pop(0) if self.server.statuses else 204)
        self.end_headers()

    def log_message(self, *_):
        pass


def test_subscription(hub, subscriber):
    status, verified = subscriber.ask(hub, "good", lease_seconds=600)
    assert status == 202 and verified.echoed and verified.query["lease_seconds"] == 600, verified
    subscription = hub.to(TOPIC)
    assert subscription.secret == SECRET and abs(subscription.until - hub.clock() - 600) < 5
    assert subscriber.questions[-1]["x"] == "1", "the callback's own query is lost"
    hub.clock, clock = (lambda: clock() + 601), hub.clock
    assert hub.to(TOPIC) is None, "a lease that is over"
    hub.clock = clock
    for mood in ("wrong-topic", "no-challenge"):
        assert not subscriber.ask(hub, mood)[1].echoed, mood
    for mood in ("twice", "first", "lease-0", "lease-absurd", "odd-challenge"):
        assert subscriber.ask(hub, mood)[1].echoed, mood
    assert subscriber.ask(hub, "deny")[1].query["mode"] == "denied" and hub.to(TOPIC) is None
    subscriber.ask(hub, "good")
    assert subscriber.ask(hub, "good", "unsubscribe")[1].echoed and hub.to(TOPIC) is None
    assert {"never", "hang", "410", "500", "redirect-self", "redirect-private", "deaf"} <= set(MOODS)


def test_distribution(hub, subscriber):
    subscriber.ask(hub, "good")
    for algorithm in ALGORITHMS:
        hub.algorithm = algorithm
        delivery, = hub.publish(TOPIC, algorithm.encode())
        headers, body = subscriber.pushes[-1]
        want = hmac.new(SECRET.encode(), body, getattr(hashlib, algorithm)).hexdigest()
        assert delivery.nth == 1 and body == algorithm.encode() and headers["X-Hub-Signature"] == f"{algorithm}={want}"
    subscriber.statuses = [503, 500]
    delivery, = hub.publish(TOPIC, b"again")
    assert delivery.nth == 3 and delivery.answer.status == 204 and [b for _, b in subscriber.pushes[-3:]] == [b"again"] * 3
    assert hub.push(hub.to(TOPIC), b"unsigned", sign=False).status == 204
    assert "X-Hub-Signature" not in subscriber.pushes[-1][0]
    subscriber.statuses = [410]
    assert hub.publish(TOPIC, b"gone")[0].answer.status == 410 and hub.publish(TOPIC, b"nobody") == []


def main():
    with Hub() as hub, Subscriber() as subscriber:
        hub.memory["port"] = hub.listen()
        tests = [lambda f=f: f(hub, subscriber) for f in (test_subscription, test_distribution)]
        for t in tests:
            t.__name__ = t.__defaults__[0].__name__
        wire.main(tests)


if __name__ == "__main__":
    main()
