"""Documents made to be slow to read: name → function of about how many bytes it shall have. What is
quadratic anywhere in reading, mending, cleaning or dating shows in one of them."""


def rss(items, head=""):
    return f'<?xml version="1.0"?>\n<rss version="2.0"><channel><title>t</title>{head}{items}</channel></rss>'


def item(inside):
    return rss(f"<item><title>t</title><link>http://a.example/1</link>{inside}</item>")


def html(text):
    """As a CMS puts HTML into a feed. "]]>" must not come in it."""
    return item(f"<description><![CDATA[{text}]]></description>")


def escaped(text):
    text = text.replace("&", "&amp;").replace("<", "&lt;")
    return item(f"<description>{text}</description>")


def feed(inside):
    return '{"version":"https://jsonfeed.org/version/1.1","title":"t","items":[{"id":"1",' + inside + "}]}"


def fill(unit, n):
    return unit * (n // len(unit) + 1)


def counted(form, n):
    """form.format(0), form.format(1) … up to n bytes."""
    out, size, i = [], 0, 0
    while size < n:
        out.append(form.replace("{}", str(i)))
        size += len(out[-1])
        i += 1
    return "".join(out)


def nested(opening, closing, n):
    k = n // (len(opening) + len(closing)) + 1
    return opening * k + closing * k


def numbered(form, n):
    return rss(counted(form, n))


def entities_declared(n):
    names = "".join(f'<!ENTITY e{i} "{"x" * 200}">' for i in range(400))
    return f'<?xml version="1.0"?><!DOCTYPE rss [{names}]>' + item(f"<description>{fill('&e399;', n)}</description>")


def bomb(n):
    names = '<!ENTITY a0 "x">' + "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 10))
    return f'<?xml version="1.0"?><!DOCTYPE rss [{names}]>' + item(f"<description>{fill('&a9;', n)}</description>")


XML = {
    "elements nested": lambda n: item(nested("<a>", "</a>", n)),
    "elements nested, unclosed": lambda n: item(fill("<a>", n)),
    "items nested, unclosed": lambda n: rss(fill("<item>", n)),
    "xhtml nested": lambda n: item("<description>" + nested("<div>", "</div>", n) + "</description>"),
    "xml:base nested": lambda n: item(nested('<a xml:base="b/">', "</a>", n)),
    "attribute, long": lambda n: item(f'<enclosure url="{"x" * n}"/>'),
    "attribute of references": lambda n: item(f'<enclosure url="{fill("&amp;", n)}"/>'),
    "attribute of bare ampersands": lambda n: item(f'<enclosure url="{"&" * n}"/>'),
    "attribute unclosed": lambda n: item(f'<enclosure url="{"x" * n}'),
    "attributes, many": lambda n: item("<enclosure " + counted('a{}="" ', n) + "/>"),
    "attributes, one many times": lambda n: item("<enclosure " + fill('a="" ', n) + "/>"),
    "attributes without value": lambda n: item("<enclosure " + counted("a{} ", n) + "/>"),
    "namespaces, many on one tag": lambda n: item("<a " + counted('xmlns:a{}="u{}" ', n) + "/>"),
    "namespaces, one per tag": lambda n: item(counted('<x{}:a xmlns:x{}="u{}"/>', n)),
    "names, many": lambda n: item(counted("<n{}/>", n)),
    "name, long": lambda n: item(f"<{'n' * n}/>"),
    "references to characters": lambda n: item(f"<description>{fill('&#233;', n)}</description>"),
    "references to markup": lambda n: item(f"<description>{fill('&amp;', n)}</description>"),
    "references undeclared": lambda n: item(f"<description>{fill('&nbsp;', n)}</description>"),
    "references to nothing": lambda n: item(f"<description>{fill('&foo;', n)}</description>"),
    "references escaped again": lambda n: item(f"<description>&{fill('amp;', n)}</description>"),
    "references unended": lambda n: item(f"<description>{'&' + 'a' * n}</description>"),
    "entities declared": entities_declared,
    "entities in one another": bomb,
    "bare ampersands": lambda n: item(f"<description>{'&' * n}</description>"),
    "bare less-than signs": lambda n: item(f"<description>{'<' * n}</description>"),
    "less-than signs and blanks": lambda n: item(f"<description>{fill('< ', n)}</description>"),
    "greater-than signs": lambda n: item(f"<description>{'>' * n}</description>"),
    "brackets": lambda n: item(f"<description>{']' * n}</description>"),
    "end of CDATA without CDATA": lambda n: item(f"<description>{fill(']]>', n)}</description>"),
    "brackets in CDATA": lambda n: html("]" * n),
    "CDATA, many": lambda n: item(f"<description>{fill('<![CDATA[x]]>', n)}</description>"),
    "CDATA opened": lambda n: item(f"<description>{fill('<![CDATA[', n)}"),
    "comments": lambda n: item(fill("<!---->", n)),
    "comments opened": lambda n: item(fill("<!--", n)),
    "dashes in a comment": lambda n: item(f"<!--{'-' * n}"),
    "declarations opened": lambda n: item(fill("<!", n)),
    "document types": lambda n: fill("<!DOCTYPE a [", n) + item(""),
    "instructions": lambda n: item(fill("<?a b?>", n)),
    "instructions opened": lambda n: item(fill("<?", n)),
    "tags opened": lambda n: item(fill("<a ", n)),
    "tags opened in quotes": lambda n: item(fill('<a b="', n)),
    "end tags opened": lambda n: item(fill("</", n)),
    "end tags of nothing": lambda n: item(fill("</b>", n)),
    "tags crossed": lambda n: item(fill("<a></b>", n)),
    "items crossed": lambda n: rss(fill("<item><title>x</b></title></item>", n)),
    "items ended early": lambda n: rss(fill("</item>", n)),
    "junk before": lambda n: "x" * n + item(""),
    "blanks before": lambda n: " " * n + item(""),
    "junk behind": lambda n: item("") + "x" * n,
    "documents behind": lambda n: fill(item(""), n),
    "control characters": lambda n: item(f"<description>{chr(1) * n}</description>"),
    "blanks": lambda n: item(f"<description>x{' ' * n}x</description>"),
    "page that is no feed": lambda n: "<html><head>" + counted('<link rel="alternate" type="application/rss+xml" href="{}">', n),
}

ITEMS = {
    "items alike": lambda n: rss(fill("<item><guid>g</guid><title>t</title></item>", n)),
    "items of one guid": lambda n: numbered("<item><guid>g</guid><link>http://a.example/{}</link></item>", n),
    "items of one link": lambda n: numbered("<item><link>http://a.example/</link><title>{}</title></item>", n),
    "items, all different": lambda n: numbered("<item><guid>{}</guid><title>t{}</title></item>", n),
    "items without anything": lambda n: rss(fill("<item></item>", n)),
    "categories": lambda n: item(counted("<category>c{}</category>", n)),
    "categories alike": lambda n: item(fill("<category>c</category>", n)),
    "category of many": lambda n: item(f"<category>{counted('c{}, ', n)}</category>"),
    "enclosures": lambda n: item(counted('<enclosure url="http://a.example/{}"/>', n)),
    "authors": lambda n: item(counted("<author>a{}@a.example (A {})</author>", n)),
    "categories of the feed": lambda n: rss("<item><title>t</title></item>", counted("<category>c{}</category>", n)),
    "titles": lambda n: item(fill("<title>t</title>", n)),
    "title, long": lambda n: item(f"<title>{fill('word ', n)}</title>"),
    "title of escaped tags": lambda n: item(f"<title>{fill('&lt;b&gt;', n)}</title>"),
    "polygon": lambda n: item('<p:polygon xmlns:p="http://www.georss.org/georss">' + fill("1.5 2.5 ", n) + "</p:polygon>"),
    "media nested": lambda n: item('<m:group xmlns:m="http://search.yahoo.com/mrss/">' + fill("<m:group>", n)),
    "podcast's persons": lambda n: item(counted('<i:author xmlns:i="http://www.itunes.com/dtds/podcast-1.0.dtd">{}</i:author>', n)),
}

DATES = {
    "date: digits": lambda n: item(f"<pubDate>{'1' * n}</pubDate>"),
    "date: numbers": lambda n: item(f"<pubDate>{fill('1 ', n)}</pubDate>"),
    "date: months": lambda n: item(f"<pubDate>{fill('Jan ', n)}</pubDate>"),
    "date: letters": lambda n: item(f"<pubDate>{'J' * n}</pubDate>"),
    "date: comments": lambda n: item(f"<pubDate>{'(' * n}</pubDate>"),
    "date: colons": lambda n: item(f"<pubDate>{fill('1:', n)}</pubDate>"),
    "date: dashes": lambda n: item(f"<pubDate>2025{'-' * n}</pubDate>"),
    "date: blanks": lambda n: item(f"<pubDate>1 Jan{' ' * n}2025</pubDate>"),
}

URLS = {
    "url: parents": lambda n: item(f"<comments>http://a.example/{fill('../', n)}</comments>"),
    "url: folders and parents": lambda n: item(f"<comments>http://a.example/{nested('a/', '../', n)}</comments>"),
    "url: dots": lambda n: item(f"<comments>http://a.example/{fill('./', n)}</comments>"),
    "url: percents": lambda n: item(f"<comments>http://a.example/{'%' * n}</comments>"),
    "url: slashes": lambda n: item(f"<comments>http:{'/' * n}</comments>"),
    "url: questions": lambda n: item(f"<comments>http://a.example/?{fill('utm_x=1&amp;', n)}</comments>"),
    "url: in HTML": lambda n: html(f'<a href="http://a.example/{fill("../", n)}">x</a>'),
    "url: many in HTML": lambda n: html(fill('<a href="../x">x</a>', n)),
    "url: blanks and controls": lambda n: html(f'<a href="java{fill("&#10;", n)}script:x">x</a>'),
    "url: data": lambda n: html(f'<img src="data:image/png;base64,{"A" * n}">'),
    "base64": lambda n: '<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>1</id><content type="image/png">'
                        + "QUJD" * (n // 4) + "</content></entry></feed>",
}

HTML = {
    "div nested": lambda n: nested("<div>", "</div>", n),
    "div nested, unclosed": lambda n: fill("<div>", n),
    "b nested, unclosed": lambda n: fill("<b>", n),
    "b over p": lambda n: fill("<b><p>", n),
    "lists nested": lambda n: fill("<ul><li>", n),
    "tables nested": lambda n: fill("<table><tr><td>", n),
    "quotes nested": lambda n: fill("<blockquote><p>", n),
    "links in links": lambda n: fill('<a href="x">', n),
    "end tags of nothing": lambda n: fill("</p>", n),
    "div, end of something outer": lambda n: "<p>" + fill("<b></p>", n),
    "attribute": lambda n: f'<p title="{"x" * n}">x',
    "attributes": lambda n: "<p " + counted("a{}=x ", n) + ">x",
    "attributes allowed, many times": lambda n: "<a " + fill('title="x" href=y ', n) + ">x",
    "attribute of references": lambda n: f'<p title="{fill("&amp", n)}">x',
    "references": lambda n: fill("&eacute;", n),
    "references unended": lambda n: fill("&notit", n),
    "references to numbers": lambda n: fill("&#x1F600;", n),
    "number, long": lambda n: "&#" + "9" * n,
    "ampersands": lambda n: "&" * n,
    "less-than signs": lambda n: "<" * n,
    "tags opened": lambda n: fill("<a ", n),
    "tags opened in quotes": lambda n: fill('<a b="', n),
    "tags opened in quotes, short": lambda n: fill("<a='", n),
    "comments opened": lambda n: fill("<!--", n),
    "comments ended oddly": lambda n: fill("<!-->", n) + fill("<!--x--!>", n),
    "declarations opened": lambda n: fill("<!", n),
    "instructions opened": lambda n: fill("<?", n),
    "end tags opened": lambda n: fill("</", n),
    "scripts opened": lambda n: fill("<script>", n),
    "script ends almost": lambda n: "<script>" + fill("</scrip", n),
    "styles closed": lambda n: fill("<style></style>", n),
    "titles opened": lambda n: fill("<title>", n),
    "textareas and scripts": lambda n: fill("<textarea></textarea><script></script>", n),
    "plaintext": lambda n: fill("<plaintext>", n),
    "svg nested": lambda n: fill("<svg><math>", n),
    "style of declarations": lambda n: f'<p style="{fill("color:red;", n)}">x',
    "style of comments": lambda n: f'<p style="{fill("/*", n)}">x',
    "style of functions": lambda n: f'<p style="color:{fill("url(", n)}">x',
    "style of escapes": lambda n: f'<p style="{fill(chr(92) + "61 ", n)}">x',
    "style of quotes": lambda n: f"""<p style="{fill("'", n)}">x""",
    "styles": lambda n: fill('<p style="text-align:left">x</p>', n),
    "srcset": lambda n: f'<img src="a" srcset="{counted("{}.jpg 1x, ", n)}">',
    "srcset of commas": lambda n: f'<img src="a" srcset="{"," * n}">',
    "breaks": lambda n: fill("<br>", n),
    "empty paragraphs": lambda n: fill("<p></p>", n),
    "blanks": lambda n: "x" + " " * n + "x",
    "line ends": lambda n: "x" + "\n" * n + "x",
    "one word": lambda n: "x" * n,
    "words": lambda n: counted("word{} ", n),
    "soft hyphens": lambda n: "\u00ad" * (n // 2),
    "combining marks": lambda n: "e" + "\u0301" * (n // 2),
    "emoji": lambda n: "\U0001f600" * (n // 4),
    "encoded twice": lambda n: "Ã©" * (n // 4),
    "zeros": lambda n: "&#0;" * (n // 4),
}

JSON = {
    "json: arrays nested": lambda n: feed('"tags":' + "[" * n),
    "json: arrays nested and closed": lambda n: feed('"tags":' + nested("[", "]", n)),
    "json: objects nested": lambda n: feed('"x":' + fill('{"a":', n)),
    "json: one string": lambda n: feed(f'"content_text":"{"x" * n}"'),
    "json: string of escapes": lambda n: feed(f'"content_html":"{fill(chr(92) + "u0041", n)}"'),
    "json: string unclosed": lambda n: feed(f'"content_text":"{"x" * n}')[:-3],
    "json: surrogates": lambda n: feed(f'"content_text":"{fill(chr(92) + "ud83d", n)}"'),
    "json: keys": lambda n: feed(counted('"k{}":1,', n) + '"a":1'),
    "json: one key": lambda n: feed(fill('"k":1,', n) + '"a":1'),
    "json: number": lambda n: feed(f'"x":{"1" * n}'),
    "json: tags": lambda n: feed('"tags":[' + counted('"t{}",', n) + '"a"]'),
    "json: items": lambda n: '{"version":"https://jsonfeed.org/version/1.1","items":[' + counted('{"id":"{}"},', n) + '{"id":"a"}]}',
    "json: commas": lambda n: feed('"tags":[' + "," * n + "]"),
}

BYTES = {
    "utf-16": lambda n: html("é" * (n // 2)).encode("utf-16"),
    "utf-32": lambda n: html("é" * (n // 4)).encode("utf-32"),
    "utf-16 declared, not so": lambda n: html("x" * n).replace('version="1.0"', 'version="1.0" encoding="utf-16"').encode(),
    "bytes of no encoding": lambda n: html("x").encode().replace(b"[x]", b"[" + b"\xff\x80" * (n // 2) + b"]"),
    "bytes of windows-1252": lambda n: html("é" * n).encode("cp1252"),
    "gb2312": lambda n: html("中" * (n // 2)).replace('version="1.0"', 'version="1.0" encoding="gb2312"').encode("gb2312"),
    "utf-8 cut": lambda n: html("x").encode().replace(b"[x]", b"[" + b"\xf0\x9f" * (n // 2) + b"]"),
    "byte order marks": lambda n: b"\xef\xbb\xbf" * (n // 3) + item("").encode(),
    "zeros": lambda n: html("x").encode().replace(b"[x]", b"[" + b"\0" * n + b"]"),
    "nothing but zeros": lambda n: b"\0" * n,
}


def text(make):
    return lambda n: make(n).encode()


def all_cases():
    cases = {name: text(make) for group in (XML, ITEMS, DATES, URLS, JSON) for name, make in group.items()}
    for name, make in HTML.items():
        cases[f"html: {name}"] = lambda n, make=make: html(make(n)).encode()
    # Once more through the layer of escaping that most feeds have.
    for name in ("less-than signs", "references", "b over p", "tags opened in quotes"):
        cases[f"escaped: {name}"] = lambda n, make=HTML[name]: escaped(make(n)).encode()
    cases.update(BYTES)
    return cases
