"""Protocol 1 as it was when it was made: the files of v1/, which never change.

    events.jsonl     an event a line, byte by byte as published; some with members of a later version
    live.jsonl       live messages: topic and header, and the line of events.jsonl or a heartbeat's body
    replay.jsonl     requests, and what the reply must be (`reply` and `events`, below)
    *.json           the schemas
    client_*.py      clients, as somebody may have copied them

In a `reply` a member's value is what it is, or says of what kind: "cursor", "string", "integer", "number",
"boolean"; {"is": x} is x itself. `events` says how many come: a number, or true for some."""
import json
import pathlib
import re

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parents[1]
V1 = HERE / "v1"
HASHES = HERE / "v1.sha256"

CURSOR = re.compile(r"[a-z0-9]{1,16}\.(0|[1-9][0-9]{0,19})")
KINDS = {
    "cursor": lambda v: isinstance(v, str) and CURSOR.fullmatch(v),
    "string": lambda v: isinstance(v, str) and v,
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool) and v >= 0,
    "number": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
    "boolean": lambda v: isinstance(v, bool),
}


def lines(name):
    return [line for line in (V1 / name).read_bytes().split(b"\n") if line]


def events():
    """The events as bytes."""
    return lines("events.jsonl")


def records(name):
    return [json.loads(line) for line in lines(name)]


def live_frames(record):
    body = record["body"].encode() if "body" in record else events()[record["event"]]
    return [record["topic"].encode(), record["header"].encode(), body]


def check_head(wanted, head, where):
    """Every member that was promised is there and is what it was; others may have come."""
    for name, value in wanted.items():
        assert name in head, f"{where}: no '{name}' in {head}"
        got = head[name]
        if isinstance(value, dict):
            assert got == value["is"], f"{where}: '{name}' is {got!r}"
        elif value in KINDS and name not in ("v", "error"):
            assert KINDS[value](got), f"{where}: '{name}' is {got!r} and no {value}"
        else:
            assert got == value and type(got) is type(value), f"{where}: '{name}' is {got!r}"
    assert ("error" in wanted) == ("error" in head), f"{where}: {head}"
