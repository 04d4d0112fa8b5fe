"""Asks `civicwire parse --worker` about files; what the tests over the corpus share."""
import json
import os
import queue
import re
import subprocess
import threading

SKIP = 77
SECONDS = 10  # for one answer


def corpus_folder(arguments):
    """The corpus: named by the second argument or the environment. "" if there is none."""
    folder = arguments[2] if len(arguments) > 2 else os.environ.get("CIVICWIRE_CORPUS", "")
    return folder if os.path.isdir(os.path.join(folder, "feeds")) else ""


def fold(text):
    """A text without the differences that white space makes."""
    return re.sub(r"\s+", " ", str(text or "")).strip()


def rows(path):
    """The lines of a table, without its head, as lists of columns."""
    with open(path, encoding="utf-8") as table:
        next(table)
        for line in table:
            if line.strip():
                yield line.rstrip("\n").split("\t")


class Worker:
    """One `civicwire parse --worker`, asked one file at a time; restarted when it dies or hangs."""

    def __init__(self, program):
        self.command = [program, "parse", "--worker"]
        self.process = None

    def start(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)
        self.lines = queue.Queue()
        threading.Thread(target=self.pump, args=(self.process.stdout, self.lines),
                         daemon=True).start()

    @staticmethod
    def pump(stream, lines):
        for line in stream:
            lines.put(line)
        lines.put(None)

    def ask(self, path, url, headers=()):
        """The answer's line; or none, and a sentence that says why."""
        if not self.process:
            self.start()
        request = {"file": path, "url": url, "headers": list(headers)}
        try:
            self.process.stdin.write(json.dumps(request).encode() + b"\n")
            self.process.stdin.flush()
            line = self.lines.get(timeout=SECONDS)
        except queue.Empty:
            self.process.kill()
            self.process.wait()
            self.process = None
            return None, f"no answer within {SECONDS} s"
        except BrokenPipeError:
            line = None
        if line is None:
            code = self.process.wait()
            self.process = None
            return None, f"died with code {code}"
        return line, None

    def close(self):
        """Its exit code."""
        if not self.process:
            return 0
        self.process.stdin.close()
        return self.process.wait(timeout=SECONDS)
