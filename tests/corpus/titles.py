"""When two titles that differ are one: the rules that show the reference's to be the wrong one.

Each rule turns what the reference has into what a reader should see, and holds only if that is what
we have, letter for letter but for white space.
"""
import html
import html.parser
import unicodedata

from reader import fold


class Words(html.parser.HTMLParser):
    """What stands between the tags, with a blank where a line ends."""
    LINES = {"br", "center", "div", "p"}

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.words = []

    def handle_data(self, data):
        self.words.append(data)

    def handle_starttag(self, tag, attrs):
        if tag in self.LINES:
            self.words.append(" ")

    def handle_endtag(self, tag):
        if tag in self.LINES:
            self.words.append(" ")


def decode(text):
    return html.unescape(text)


def strip(text):
    reader = Words()
    reader.feed(text)
    reader.close()
    return "".join(reader.words)


def show(text):
    """Without what nobody sees: control and format characters, but those that scripts need."""
    needed = "\u200c\u200d\u200e\u200f"  # joiners, plain direction marks
    return "".join(c for c in text if c in needed or c.isspace() or
                   unicodedata.category(c) not in ("Cc", "Cf"))


def octets(text, *encodings):
    """The bytes of a text, each character's in the first of the encodings that has it."""
    out = bytearray()
    for c in text:
        for encoding in encodings:
            try:
                out += c.encode(encoding)
                break
            except UnicodeEncodeError:
                continue
        else:
            raise UnicodeError(f"{c!r} is in none of {encodings}")
    return bytes(out)


def undouble(text):
    """A no-break space at the end, half of a character, is one that the reference has trimmed."""
    for whole in (text, text + "\xa0"):
        try:
            return octets(whole, "cp1252", "latin-1").decode("utf-8")
        except UnicodeError:
            continue
    return text


def is_utf8_misread(ours, theirs, encoding):
    """The same bytes, read by the reference in its document's encoding, by us as UTF-8; where a
    character is cut, as Windows-1252."""
    try:
        rest, out = octets(theirs, encoding, "cp1252", "latin-1"), ""
    except (UnicodeError, LookupError):
        return False
    while rest:
        try:
            out, rest = out + rest.decode("utf-8"), b""
        except UnicodeDecodeError as error:
            out += rest[:error.start].decode("utf-8")
            out += rest[error.start:error.start + 1].decode("cp1252", "replace")
            rest = rest[error.start + 1:]
    return not ours.isascii() and fold(out) == ours


# In the order they are tried: name, what the reference's title becomes, what is wrong with it.
RULES = (
    ("invisible", show, "it keeps characters that nobody sees and that can deceive"),
    ("half-decoded", decode, "it shows references such as &#8217; to people"),
    ("tags", strip, "it shows tags to people"),
    ("tags-decoded", lambda text: strip(decode(text)), "it shows escaped tags to people"),
    ("twice-encoded", undouble, "it shows UTF-8 that was encoded a second time"),
)
MISREAD = ("misread", "it read UTF-8 in the encoding that the label claims")
REASONS = {name: why for name, _, why in RULES} | dict([MISREAD])


def same(ours, theirs):
    return fold(ours) == fold(theirs)


def rule(ours, theirs, encoding):
    """The name of the rule by which the reference's title is wrong and ours is not; or None."""
    ours, theirs = fold(ours), str(theirs or "")
    for name, mend, _ in RULES:
        if fold(mend(theirs)) == ours:
            return name
    return MISREAD[0] if is_utf8_misread(ours, theirs, encoding) else None
