"""What must hold whatever breaks: each function fails with a sentence that says what does not."""
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


def followed(follower, events):
    """The client of the replay socket has the journal, each event once and in order."""
    assert follower.sequences == sequences(events), "the client's events are not the journal's"
    assert len(set(follower.ids)) == len(follower.ids), "the client got an id twice"
