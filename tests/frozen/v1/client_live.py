#!/usr/bin/python3
"""A live subscriber in plain Python that follows the four rules of the wire protocol, and nothing
else of ours. It writes what it saw, as JSON lines, for a test to judge:

    {"live": seq}                          an event came
    {"alarm": why, "after": v, "proof": p} something is missing after v; proof: not only perhaps
    {"filled": [seq…], "to": v}            replay brought these; everything up to v is accounted for
    {"verified": v}                        a heartbeat vouches for everything up to v

usage: four_rules.py LIVE REPLAY FILE TOPIC...      (SIGTERM ends it)
"""
import json
import signal
import sys
import time

import zmq

live_endpoint, replay_endpoint, path, *topics = sys.argv[1:]
context = zmq.Context()
out = open(path, "w")
over = False


def on_term(*_):
    global over
    over = True


signal.signal(signal.SIGTERM, on_term)


def tell(**what):
    out.write(json.dumps(what) + "\n")


def open_live():
    s = context.socket(zmq.SUB)
    s.setsockopt(zmq.LINGER, 0)
    s.setsockopt(zmq.RCVTIMEO, 500)
    for topic in topics:
        s.setsockopt(zmq.SUBSCRIBE, topic.encode())
    s.setsockopt(zmq.SUBSCRIBE, b"sys/heartbeat/")  # rule 1: last
    s.connect(live_endpoint)
    return s


def replay_after(epoch, verified):
    s = context.socket(zmq.REQ)
    for option, value in ((zmq.LINGER, 0), (zmq.RCVTIMEO, 3000), (zmq.REQ_RELAXED, 1), (zmq.REQ_CORRELATE, 1)):
        s.setsockopt(option, value)
    s.connect(replay_endpoint)
    cursor, sequences = f"{epoch}.{verified}", []
    while True:
        s.send_json({"v": 1, "after": cursor, "topics": topics, "max": 1000})
        try:
            head, *events = s.recv_multipart()
        except zmq.Again:
            continue  # the bus was killed with our question: ask again
        head = json.loads(head)
        if "retry_after" in head:
            time.sleep(head["retry_after"])
            continue
        if "error" in head:
            raise SystemExit(f"replay refuses: {head}")
        sequences += [int(json.loads(e)["sequence"]) for e in events]
        cursor = head["next"]
        if not head["more"]:
            s.close()
            return sequences, int(cursor.split(".")[1])


class Client:
    def __init__(self):
        self.epoch, self.verified, self.last = None, None, {}

    def alarm(self, why, proof):
        tell(alarm=why, after=self.verified, proof=proof)
        sequences, self.verified = replay_after(self.epoch, self.verified)
        tell(filled=sequences, to=self.verified)

    def event(self, topic, seq, prev):
        if self.verified is None:
            self.last[topic] = seq  # before the join point: replay's business
            return
        if seq > self.verified and prev > self.verified and prev != self.last.get(topic):
            self.alarm(f"{topic}: {seq} follows {prev}, seen was {self.last.get(topic)}", True)  # rule 2
        self.last[topic] = seq
        tell(live=seq)

    def heartbeat(self, epoch, head, prev, body):
        if self.verified is None or epoch != self.epoch:
            self.epoch, self.verified = epoch, head  # rule 1: the join point
            tell(verified=head)
            return
        if head <= self.verified:
            return
        changed = body.get("changed", {})
        missing = [t for t, seq in changed.items() if t.startswith(tuple(topics)) and isinstance(seq, int)
                   and seq > self.verified and self.last.get(t, 0) < seq]
        if missing:
            self.alarm(f"changed and not seen: {missing[0]}", True)  # rule 3
        elif prev == 0 or prev > self.verified or "overflow" in changed or body.get("overflow"):
            self.alarm(f"heartbeat {head} names {prev} before it, verified is {self.verified}", False)
        if head > self.verified:
            self.verified = head
            tell(verified=head)


client, socket, silent = Client(), open_live(), 0
while not over:
    try:
        topic, header, body = socket.recv_multipart()
    except zmq.Again:
        silent += 0.5
        out.flush()
        if silent >= 15:  # rule 4
            socket.close()
            socket, silent = open_live(), 0
            if client.verified is not None:
                client.alarm("no heartbeat for 15 s", False)
        continue
    _, epoch, seq, prev, _ = header.decode().split(" ")
    if topic == b"sys/heartbeat/":
        silent = 0
        client.heartbeat(epoch, int(seq), int(prev), json.loads(body))
        out.flush()
    else:
        client.event(topic.decode(), int(seq), int(prev))
out.close()
