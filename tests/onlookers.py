#!/usr/bin/python3
"""Plain SUB clients in a process of their own, that measure what comes.

    onlookers.py ENDPOINT N [key=FILE] [TOPIC...]

says "joined" when each has had a heartbeat, and at SIGTERM a line of JSON for each phase of the test: events, gaps
(an event whose `prev` is not the one seen before in its topic), and latencies in ms, from the journal's clock to
here. A phase begins with SIGUSR1.
"""
import json
import signal
import sys
import time

import zmq

from askers import use_key

HEARTBEAT = b"sys/heartbeat/"


class Onlooker:
    def __init__(self, endpoint, topics, key):
        self.joined, self.last, self.gaps, self.latencies = None, {}, 0, []
        self.socket = zmq.Context.instance().socket(zmq.SUB)
        for option, value in ((zmq.LINGER, 0), (zmq.RCVHWM, 0)):
            self.socket.setsockopt(option, value)
        if key:
            use_key(self.socket, key)
        for topic in [t.encode() for t in topics] + [HEARTBEAT]:
            self.socket.setsockopt(zmq.SUBSCRIBE, topic)
        self.socket.connect(endpoint)

    def take(self):
        """All that is there."""
        while True:
            try:
                topic, header, _ = self.socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            now = time.time()
            _, _, seq, prev, time_us = header.split(b" ")
            if topic != HEARTBEAT:
                self.event(topic, int(seq), int(prev), now - int(time_us) / 1e6)
            elif self.joined is None:
                self.joined = int(seq)

    def event(self, topic, seq, prev, latency):
        seen = self.last.get(topic)
        if self.joined is not None and prev != seen and (seen is not None or prev > self.joined):
            self.gaps += 1
        self.last[topic] = seq
        self.latencies.append(latency * 1000)


def summary(onlookers):
    """Of the phase that ends."""
    gaps, latencies = 0, []
    for s in onlookers:
        gaps, latencies = gaps + s.gaps, latencies + s.latencies
        s.gaps, s.latencies = 0, []
    latencies.sort()
    at = {f"p{p}": round(latencies[min(len(latencies) - 1, len(latencies) * p // 100)], 2) for p in (50, 90, 99)
          if latencies}
    return {"events": len(latencies), "gaps": gaps, **at,
            "max": round(max(latencies, default=0), 2)}


def main():
    endpoint, n, *topics = sys.argv[1:]
    key = next((t[4:] for t in topics if t.startswith("key=")), None)
    onlookers = [Onlooker(endpoint, [t for t in topics if not t.startswith("key=")], key) for _ in range(int(n))]
    over, phases, ended = [], [], []
    signal.signal(signal.SIGTERM, lambda *_: over.append(True))
    signal.signal(signal.SIGUSR1, lambda *_: ended.append(True))
    poller, by_socket = zmq.Poller(), {s.socket: s for s in onlookers}
    for s in by_socket:
        poller.register(s, zmq.POLLIN)
    told = False
    while not over:
        for s, _ in poller.poll(200):
            by_socket[s].take()
        if not told and all(s.joined is not None for s in onlookers):
            told = True
            print("joined", flush=True)
        if ended:
            ended.clear()
            phases.append(summary(onlookers))
    for phase in (*phases, summary(onlookers)):
        print(json.dumps(phase), flush=True)


if __name__ == "__main__":
    main()
