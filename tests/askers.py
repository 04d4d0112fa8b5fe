#!/usr/bin/python3
"""Many replay clients in one thread, each the manual's: a REQ that asks after its cursor, keeps what comes and
asks again, also when no answer comes in time.

    askers.py ENDPOINT N FILE [key=FILE] [after=CURSOR] [wait=S] [patience=S]

is a process of N of them, until SIGTERM. FILE gets a line of JSON for each reply: who, when (monotonic), and
the sequences that came.
"""
import json
import pathlib
import re
import signal
import sys
import threading
import time

import zmq
import zmq.auth


def use_key(sock, path):
    """Connects as the client whose file this is, as any Python client would."""
    public, secret = zmq.auth.load_certificate(path)
    server, = re.findall('server-key = "(.*)"', pathlib.Path(path).read_text())
    sock.setsockopt(zmq.CURVE_SERVERKEY, server.encode())
    sock.setsockopt(zmq.CURVE_PUBLICKEY, public)
    sock.setsockopt(zmq.CURVE_SECRETKEY, secret)


def asking_socket(context, endpoint, timeout, key=None):
    """A REQ as the manual makes it."""
    s = context.socket(zmq.REQ)
    for option, value in ((zmq.REQ_RELAXED, 1), (zmq.REQ_CORRELATE, 1), (zmq.LINGER, 0),
                          (zmq.RCVTIMEO, int(timeout * 1000))):
        s.setsockopt(option, value)
    if key:
        use_key(s, key)
    s.connect(endpoint)
    return s


class Asker:
    """`patience`: how long an answer may take beyond the `wait` asked for. Seconds, all of them."""

    def __init__(self, context, endpoint, after="oldest", topics=(), wait=5, most=500, patience=10, key=None):
        self.question = {"v": 1, "topics": list(topics), "wait": wait, "max": most}
        self.cursor, self.wait, self.patience = after, wait, patience
        self.sequences, self.heard, self.at_head, self.asked_again, self.error = [], [], False, 0, None
        self.socket = asking_socket(context, endpoint, 0, key)
        self.ask_at, self.due = 0, None

    def ask(self, now):
        self.socket.send_json({**self.question, "after": self.cursor})
        self.due = now + self.wait + self.patience

    def take(self, now):
        """The sequences that an answer brought; None: it was not the answer to what was asked last, or none that
        helps."""
        try:
            head, *events = self.socket.recv_multipart(zmq.NOBLOCK)
        except zmq.Again:
            return None
        head, self.due, self.ask_at = json.loads(head), None, now
        if "retry_after" in head:
            self.ask_at = now + head["retry_after"]
            return None
        if "error" in head:
            self.error, self.ask_at = head, float("inf")
            return None
        new = [int(json.loads(e)["sequence"]) for e in events]
        self.sequences += new
        self.heard.append(now)
        self.cursor, self.at_head = head["next"], not head["more"]
        return new

    def look(self, now):
        """Asks, if it is time."""
        if self.due is not None and now >= self.due:
            self.asked_again += 1
            self.due, self.ask_at = None, now
        if self.due is None and now >= self.ask_at:
            self.ask(now)


class Askers(threading.Thread):
    """Runs them until over; a reply is told to `on_reply`(number, time, sequences)."""

    def __init__(self, askers, on_reply=lambda *_: None):
        super().__init__(daemon=True)
        self.askers, self.on_reply, self.over = askers, on_reply, False

    def run(self):
        poller, by_socket = zmq.Poller(), {}
        for i, a in enumerate(self.askers):
            poller.register(a.socket, zmq.POLLIN)
            by_socket[a.socket] = i
        look_at = 0
        while not self.over:
            for s, _ in poller.poll(50):
                i, now = by_socket[s], time.monotonic()
                new = self.askers[i].take(now)
                if new is not None:
                    self.on_reply(i, now, new)
                self.askers[i].look(now)
            now = time.monotonic()
            if now >= look_at:
                look_at = now + 0.05
                for a in self.askers:
                    a.look(now)
        for a in self.askers:
            a.socket.close()

    def stop(self):
        self.over = True
        self.join()


def main():
    endpoint, n, path, *options = sys.argv[1:]
    options = dict(o.split("=", 1) for o in options)
    more = {k: float(options[k]) for k in ("wait", "patience") if k in options}
    askers = [Asker(zmq.Context.instance(), endpoint, options.get("after", "oldest"), key=options.get("key"), **more)
              for _ in range(int(n))]
    with open(path, "w") as out:
        crowd = Askers(askers, lambda i, t, new: out.write(json.dumps([i, t, new]) + "\n") and out.flush())
        signal.signal(signal.SIGTERM, lambda *_: setattr(crowd, "over", True))
        crowd.start()
        crowd.join()
    for a in askers:
        if a.error:
            sys.exit(f"refused: {a.error}")


if __name__ == "__main__":
    main()
