"""The reliable client of the README, as protocol 1 first had it; only the endpoint is an argument. It never
changes: whoever copied it must be served."""
import sys
import json, time, zmq

def connect():
    s = zmq.Context.instance().socket(zmq.REQ)
    s.setsockopt(zmq.REQ_RELAXED, 1)
    s.setsockopt(zmq.REQ_CORRELATE, 1)
    s.setsockopt(zmq.RCVTIMEO, 15000)
    s.connect(sys.argv[1])
    return s

sock, after = connect(), "oldest"                   # or the cursor kept last time
while True:
    sock.send_json({"v": 1, "after": after, "topics": ["feed/"], "wait": 5})
    try:
        head, *events = sock.recv_multipart()
    except zmq.Again:
        continue                                    # the server is away: ask again
    head = json.loads(head)
    if "retry_after" in head:                       # busy, or about to restart
        time.sleep(head["retry_after"])
        continue
    if "error" in head:
        raise SystemExit(head["error"])
    for event in map(json.loads, events):
        print(event["time"] if "time" in event else "no date", event["cwfeed"], event["data"].get("title"))
    after = head["next"]                            # keep it where the events' effects are kept
