"""Seeds of the fuzz targets, made of what the unit tests hold: each string of their sources that is a
document, a date, a URL … for the target becomes one input, in the form the target takes."""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
UNIT = ROOT / "tests" / "unit"
STRINGS = re.compile(r'(?:"(?:\\.|[^"\\\n])*"\s*)+')
ONE = re.compile(r'"((?:\\.|[^"\\\n])*)"')
ESCAPE = re.compile(rb"\\(?:x([0-9A-Fa-f]+)|([0-7]{1,3})|(.))", re.S)
SIMPLE = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"f": b"\f", b"v": b"\v", b"a": b"\a", b"b": b"\b", b"e": b"\x1b"}
COMMENTS = re.compile(r"/\*.*?\*/", re.S)
BYTES_MAX = 20_000
# Labels of the encodings that one document is written in, and what Python calls them.
ENCODINGS = [("utf-8", "utf-8-sig"), ("utf-16", "utf-16"), ("iso-8859-1", "cp1252"), ("gb2312", "gb18030"),
             ("shift_jis", "cp932"), ("euc-kr", "cp949"), ("utf-32", "utf-32")]


def unescape(match):
    if match.group(1):
        return bytes([int(match.group(1), 16) & 255])
    if match.group(2):
        return bytes([int(match.group(2), 8) & 255])
    return SIMPLE.get(match.group(3), match.group(3))


def strings(*patterns):
    """All string literals of some sources, adjacent ones joined, escapes undone."""
    sources = [path for pattern in patterns for path in sorted(UNIT.glob(pattern))]
    if not sources:
        raise FileNotFoundError(f"no unit test is called {' or '.join(patterns)}: mend the targets' seeds")
    for path in sources:
        text = COMMENTS.sub(" ", path.read_text(encoding="utf-8"))
        for literal in STRINGS.finditer(text):
            # A \x escape ends where its literal ends, so they are undone one by one.
            value = b"".join(ESCAPE.sub(unescape, part.group(1).encode()) for part in ONE.finditer(literal.group()))
            if 0 < len(value) <= BYTES_MAX:
                yield value


def documents():
    return [s for s in strings("parse/*_test.c", "digest/*_test.c")
            if s.lstrip()[:1] in (b"<", b"{", b"[")]


def demo(*suffixes):
    return [path.read_bytes() for path in sorted((ROOT / "config" / "demo" / "feeds").iterdir()) if path.suffix in suffixes]


def parse():
    return [bytes([n % 5]) + s for n, s in enumerate(documents() + demo(".xml", ".atom", ".json"))]


def jsonfeed():
    return [s for s in documents() + demo(".json") if s[:1] in (b"{", b"[")]


def charset():
    seeds = []
    for document in documents():
        try:
            text = document.decode()
        except UnicodeDecodeError:
            seeds.append(b"\x06" + document)
            continue
        seeds.append(bytes([len(seeds) % 15]) + document)
        if not text.isascii():
            for label, codec in ENCODINGS:
                head = f'<?xml version="1.0" encoding="{label}"?>'
                seeds.append(b"\x06" + (head + text).encode(codec, errors="replace"))
    return seeds


def html():
    found = strings("normalize/xss_vectors.h", "normalize/html_test.c", "normalize/style_test.c", "normalize/text_test.c", "normalize/repair_test.c")
    return [bytes([n % 256]) + s for n, s in enumerate(found)]


def date():
    return [bytes([n % 7]) + s for n, s in enumerate(strings("normalize/date*.c"))]


def url():
    bases = [b"http://a/b/c/d;p?q", b"https://www.city.example:8443/news/", b""]
    return [bases[n % 3] + b"\n" + s for n, s in enumerate(strings("normalize/url_test.c", "normalize/xss_*.h"))]


def config():
    good = b"cities:\n  - id: co-mde\n    name: { es: a }\n    agencies:\n      - id: aci\n        name: { es: ACI }\n        feeds:\n" \
           b"          - id: noticias\n            url: https://aci.example/feed/\n"
    files = [path.read_bytes() for path in sorted((ROOT / "config").glob("**/*.yaml"))]
    found = [s for s in strings("config/*.c") if b"\n" in s]
    return files + found + [good + s for s in found if s.startswith(b"  ")]


TARGETS = {"parse": parse, "jsonfeed": jsonfeed, "charset": charset, "html": html, "date": date, "url": url, "config": config}


def write(target, folder):
    """Writes the target's seeds into a folder; returns how many."""
    seeds = sorted(set(TARGETS[target]())) if target in TARGETS else []
    for n, seed in enumerate(seeds):
        (folder / f"seed-{n:04}").write_bytes(seed)
    return len(seeds)


def quoted(path, pattern=r'"((?:\\.|[^"\\\n]){2,24})"'):
    """The short strings of a source."""
    return {s.encode() for s in re.findall(pattern, (ROOT / path).read_text(encoding="utf-8"))}


def vocabulary():
    found = set()
    for source in sorted((ROOT / "daemon" / "parse").glob("*.c")):
        found |= {s for s in quoted(source.relative_to(ROOT)) if re.fullmatch(rb"[A-Za-z:_.-]+", s)}
    return found


def words(target):
    """Words worth trying for a target, from the sources that know them."""
    if target == "parse":
        tags = {b"<" + s + b">" for s in vocabulary()} | {b"</" + s + b">" for s in vocabulary()}
        return tags | {b"<![CDATA[", b"]]>", b"<!--", b"-->", b"<?xml", b"<!DOCTYPE rss [", b"<!ENTITY a ", b"&amp;", b"&#233;",
                       b"&nbsp;", b"xmlns:", b"xml:base=", b"xml:lang=", b"encoding=", b'type="xhtml"'}
    if target == "jsonfeed":
        return {b'"' + s + b'":' for s in quoted("daemon/parse/jsonfeed.c") if re.fullmatch(rb"[a-z_]+", s)} | {
            b"\\u0000", b"\\ud83d", b"\\ude00", b"null", b"true", b"1e309", b"-0", b"https://jsonfeed.org/version/1.1"}
    if target == "charset":
        return quoted("daemon/parse/charset.c") | {b"encoding=", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"\0\0\xfe\xff", b"\x1b$B"}
    if target == "date":
        return quoted("daemon/normalize/date-names.c") | {b"GMT", b"+0530", b"T00:00:00Z", b"AM", b"p.m."}
    if target == "url":
        return quoted("daemon/normalize/url.c") | {b"../", b"/./", b"%2e", b"//", b"://", b"?utm_source=", b"#", b"@", b":443", b"[::1]"}
    if target == "config":
        return {b"\n" + s + b": " for s in quoted("config/schema/civicwired.json", r'"([a-z_]{2,24})": \{')} | {b"  - ", b"{ ", b"!!", b"&a", b"*a"}
    if target == "opml":
        return {b"<outline ", b"</outline>", b'xmlUrl="https://', b'text="', b"cw:id=", b"&#10;", b"&#38;", b"<!ENTITY a ", b"]]>"}
    if target == "question":
        return {b'"' + s + b'":' for s in (b"v", b"id", b"after", b"topics", b"max", b"wait", b"time")} | {
            b'"oldest"', b'"now"', b'"feed/', b'"theme/climate/"', b"1e309", b"\\ud83d", b"null"}
    if target == "websub":
        return {b"rel=", b'"hub"', b'"self"', b"anchor=", b"<https://", b">;", b", <", b'\\"', b"sha1=", b"sha256=", b"sha384=", b"subscribe",
                b"unsubscribe", b"denied", b"https://news.example/topic?a=1"}
    return set()


def write_words(target, path):
    """Writes the words as a dictionary of libFuzzer; returns how many."""
    found = sorted(words(target))
    escaped = ("".join(chr(b) if 32 <= b < 127 and b not in b'"\\' else f"\\x{b:02x}" for b in word) for word in found)
    path.write_text("".join(f'"{word}"\n' for word in escaped))
    return len(found)
