"""A name server for one test: answers from a table whose entries may be functions, so that a name can change its mind."""
import ipaddress
import socket
import struct
import threading

A, CNAME, AAAA = 1, 5, 28
SILENT = object()  # in the place of a list: questions for this name are not answered


def encode(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.rstrip(".").split(".")) + b"\0"


def record(owner, kind, data):
    return encode(owner) + struct.pack(">HHIH", kind, 1, 0, len(data)) + data  # to be kept for 0 s


class Names(threading.Thread):
    """`table`: name → list of addresses (and names, for CNAME), or a function that returns one."""

    def __init__(self, table, address="127.0.0.1"):
        super().__init__(daemon=True)
        self.table, self.questions = table, []
        self.delay_s, self.waiting, self.most_waiting = 0, {}, 0  # names that are looked up, and how often asked for
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, 53))
        self.start()

    def run(self):
        while True:
            question, asker = self.socket.recvfrom(2048)
            answer = self.answer(question)
            if answer and self.delay_s:
                self.hold(self.questions[-1][0], answer, asker)
            elif answer:
                self.socket.sendto(answer, asker)

    def hold(self, name, answer, asker):
        def send():
            self.waiting[name] -= 1
            if not self.waiting[name]:
                del self.waiting[name]
            self.socket.sendto(answer, asker)
        self.waiting[name] = self.waiting.get(name, 0) + 1
        self.most_waiting = max(self.most_waiting, len(self.waiting))
        threading.Timer(self.delay_s, send).start()

    def answer(self, question):
        labels, at = [], 12
        while question[at]:
            labels.append(question[at + 1:at + 1 + question[at]].decode())
            at += 1 + question[at]
        end = at + 5
        name, kind = ".".join(labels).lower(), struct.unpack(">H", question[at + 1:at + 3])[0]
        self.questions.append((name, kind))
        if self.table.get(name) is SILENT:
            return None
        records = self.records(name, kind)
        flags = 0x8180 if name in self.table else 0x8183  # no such name
        return question[:2] + struct.pack(">HHHHH", flags, 1, len(records), 0, 0) + question[12:end] + b"".join(records)

    def records(self, name, kind):
        known = self.table.get(name)
        found = []
        for value in (known(kind) if callable(known) else known or []):
            try:
                address = ipaddress.ip_address(value)
            except ValueError:
                found += [record(name, CNAME, encode(value)), *self.records(value, kind)]
                continue
            if kind == (A if address.version == 4 else AAAA):
                found.append(record(name, kind, address.packed))
        return found

    def asked(self, name):
        return sum(1 for n, _ in self.questions if n == name)
