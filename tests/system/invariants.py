"""What must hold whatever breaks: each function fails with a sentence that says what does not."""
import json
import pathlib
import subprocess
import threading
import time

import zmq

import wire


def sequences(events):
    return [int(e["sequence"]) for e in events]


def same_items(undisturbed, disturbed):
    """The item events of a disturbed run are those of a calm one."""
    def ids(events):
        return {e["id"] for e in events if e["type"].startswith("org.civicwire.item.")}
    want, got = ids(undisturbed), ids(disturbed)
    assert want == got, (f"{len(want - got)} events are missing, such as {sorted(want - got)[:3]}; "
                         f"{len(got - want)} are too many, such as {sorted(got - want)[:3]}")


def whole(events):
    """The journal from its first event: no hole, no number twice, no id twice."""
    wire.check_sequence(events, first=1)


def none_early(daemon):
    """No request went out before its feed was due and its host free, by the daemon's own count."""
    early = daemon.status()["counters"]["civicwire_polls_early_total"]
    assert early == 0, f"{early} polls began too early"


def followed(follower, events):
    """The client of the replay socket has the journal, each event once and in order."""
    assert follower.sequences == sequences(events), "the client's events are not the journal's"
    assert len(set(follower.ids)) == len(follower.ids), "the client got an id twice"


def stored(daemon):
    """The files of a daemon that has ended are whole: pages, checksums, numbers, chains of `prev`."""
    verdict = subprocess.run([wire.CLI, "journal", "-j", daemon.state / "journal.db", "verify"], capture_output=True,
                             text=True, env=wire.environment())
    assert verdict.returncode == 0, verdict.stdout + verdict.stderr


class Chains(threading.Thread):
    """A live subscriber to everything that looks at each header: within a topic numbers rise, and `prev`
    is the number before, or a later one where messages were lost; never an earlier one."""

    def __init__(self, endpoint):
        super().__init__(daemon=True)
        self.endpoint, self.over, self.last, self.seen, self.faults = endpoint, False, {}, {}, []
        self.start()

    def run(self):
        socket = zmq.Context.instance().socket(zmq.SUB)
        for option, value in ((zmq.LINGER, 0), (zmq.RCVTIMEO, 200), (zmq.SUBSCRIBE, b"")):
            socket.setsockopt(option, value)
        socket.connect(self.endpoint)
        while not self.over:
            try:
                topic, header, body = socket.recv_multipart()
            except zmq.Again:
                continue
            if topic != b"sys/heartbeat/":
                self.look(topic, *header.decode().split(" ")[1:4], body)
        socket.close()

    def look(self, topic, epoch, seq, prev, body):
        seq, prev, last = int(seq), int(prev), self.last.get(topic, 0)
        if seq <= last or prev >= seq or prev < last:
            self.faults.append(f"{topic.decode()}: {seq} after {prev}, seen was {last}")
        self.last[topic] = seq
        self.seen[seq] = json.loads(body)["id"]

    def end(self, events_by_sequence):
        """Judges, also that what was published is what the journal has."""
        self.over = True
        self.join()
        assert not self.faults, f"{len(self.faults)} broken chains, such as {self.faults[:3]}"
        wrong = [seq for seq, id in self.seen.items() if events_by_sequence.get(seq) != id]
        assert not wrong, f"{len(wrong)} events were published that the journal has not, such as {sorted(wrong)[:3]}"
        return len(self.seen)


class Gauge(threading.Thread):
    """Samples what a process takes of the machine once a second: (time, KiB, descriptors, threads), by its
    id; and the length of the write-ahead log."""

    def __init__(self, daemon, pids):
        super().__init__(daemon=True)
        self.log, self.pids, self.over = daemon.state / "journal.db-wal", pids, False
        self.samples, self.log_bytes = {}, 0
        self.start()

    def run(self):
        while not self.over:
            for name, pid in self.pids():
                try:
                    status = pathlib.Path(f"/proc/{pid}/status").read_text()
                    descriptors = len(list(pathlib.Path(f"/proc/{pid}/fd").iterdir()))
                    kib, threads = (int(status.split(f"{key}:")[1].split()[0]) for key in ("VmRSS", "Threads"))
                except (OSError, IndexError):
                    continue  # it has just ended
                self.samples.setdefault((name, pid), []).append((time.monotonic(), kib, descriptors, threads))
            if self.log.exists():
                self.log_bytes = max(self.log_bytes, self.log.stat().st_size)
            time.sleep(1)

    def end(self):
        self.over = True
        self.join()

    def of(self, name):
        """The samples of that process's last life."""
        lives = [samples for (of, _), samples in self.samples.items() if of == name]
        return lives[-1] if lives else []


def slope(points):
    """Of the line that fits (x, y) best, y per x."""
    n = len(points)
    mean_x, mean_y = sum(x for x, _ in points) / n, sum(y for _, y in points) / n
    square = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / square if square else 0.0
