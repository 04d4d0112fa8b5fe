#include "folder.h"

/* Each problem the loader can find in these files, in its exact words. */
const struct broken broken_feeds[] = {
	{"misspelt key of a feed", "feeds.d/a.yaml", GOOD "            intervall: 30min\n",
		"feeds.d/a.yaml:10:13: feed co-mde.aci.noticias: unknown key 'intervall' "
		"(did you mean 'interval'?)\n"},
	{"misspelt key of a city", "feeds.d/a.yaml", GOOD "    timezne: America/Bogota\n",
		"feeds.d/a.yaml:10:5: city co-mde: unknown key 'timezne' (did you mean "
		"'timezone'?)\n"},
	{"interval not agreed", "feeds.d/a.yaml", GOOD "            interval: 5 min\n",
		"feeds.d/a.yaml:10:23: interval '5 min' of co-mde.aci.noticias is below "
		"15min; ask the partner, then set interval_agreed: true\n"},
	{"interval below a second", "feeds.d/a.yaml",
		GOOD "            interval: 10ms\n"
		     "            interval_agreed: true\n",
		"feeds.d/a.yaml:10:23: feed co-mde.aci.noticias: interval '10ms' is below "
		"1s, the least allowed\n"},
	{"no id of a feed", "feeds.d/a.yaml",
		"cities:\n"
		"  - id: co-mde\n"
		"    name: { es: Medellín }\n"
		"    agencies:\n"
		"      - id: aci\n"
		"        name: { es: ACI }\n"
		"        feeds:\n"
		"          - id: Noticias_1\n"
		"            url: https://aci.example/feed/\n",
		"feeds.d/a.yaml:8:17: feed co-mde.aci.Noticias_1: id 'Noticias_1' is not an "
		"id; use a-z, 0-9 and -, at most 40 bytes\n"},
	{"no id of a city", "feeds.d/a.yaml",
		"cities:\n"
		"  - id: medellin\n"
		"    name: { es: Medellín }\n"
		"    agencies:\n"
		"      - id: aci\n"
		"        name: { es: ACI }\n"
		"        feeds:\n"
		"          - id: noticias\n"
		"            url: https://aci.example/feed/\n",
		"feeds.d/a.yaml:2:9: city medellin: id 'medellin' is not the id of a city; "
		"write country and code in lower case, such as co-mde\n"},
	{"no id of a body", "feeds.d/a.yaml",
		"bodies:\n"
		"  - id: al-las\n"
		"    name: { en: A }\n",
		"feeds.d/a.yaml:2:9: body al-las: id 'al-las' is not the id of a body; it "
		"must begin with x-, such as x-al-las\n"},
	{"id too long", "feeds.d/a.yaml",
		"networks:\n"
		"  - id: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"
		"    name: { en: A }\n",
		"feeds.d/a.yaml:2:9: network aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: id "
		"'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' is not an id; use a-z, 0-9 and "
		"-, at most 40 bytes\n"},
	{"id missing", "feeds.d/a.yaml",
		"networks:\n"
		"  - name: { en: A }\n",
		"feeds.d/a.yaml:2:5: network: 'id' is missing: a-z, 0-9 and -, at most 40 bytes\n"},
	{"url missing", "feeds.d/a.yaml",
		"cities:\n"
		"  - id: co-mde\n"
		"    name: { es: Medellín }\n"
		"    agencies:\n"
		"      - id: aci\n"
		"        name: { es: ACI }\n"
		"        feeds:\n"
		"          - id: noticias\n",
		"feeds.d/a.yaml:8:13: feed co-mde.aci.noticias: 'url' is missing: where the feed "
		"is: http, https, or file where fetch.allow_file is true\n"},
	{"ftp", "feeds.d/a.yaml",
		"cities:\n"
		"  - id: co-mde\n"
		"    name: { es: Medellín }\n"
		"    agencies:\n"
		"      - id: aci\n"
		"        name: { es: ACI }\n"
		"        feeds:\n"
		"          - id: noticias\n"
		"            url: ftp://aci.example/feed/\n",
		"feeds.d/a.yaml:9:18: feed co-mde.aci.noticias: url "
		"'ftp://aci.example/feed/' is not a URL; it must begin with https:// or "
		"http://\n"},
	{"credentials in a URL", "feeds.d/a.yaml",
		"cities:\n"
		"  - id: co-mde\n"
		"    name: { es: Medellín }\n"
		"    agencies:\n"
		"      - id: aci\n"
		"        name: { es: ACI }\n"
		"        feeds:\n"
		"          - id: noticias\n"
		"            url: https://me:secret@aci.example/feed/\n",
		"feeds.d/a.yaml:9:18: feed co-mde.aci.noticias: url 'https://…' holds a user "
		"name or password; take it out and use auth: { user: …, password_file: … }\n"},
	{"file without leave", "feeds.d/a.yaml",
		"cities:\n"
		"  - id: co-mde\n"
		"    name: { es: Medellín }\n"
		"    agencies:\n"
		"      - id: aci\n"
		"        name: { es: ACI }\n"
		"        feeds:\n"
		"          - id: noticias\n"
		"            url: file:./x.xml\n",
		"feeds.d/a.yaml:9:18: feed co-mde.aci.noticias: url 'file:./x.xml' is a "
		"file; that needs fetch: { allow_file: true } in civicwired.yaml, and is "
		"meant for demonstrations\n"},
	{"blank in a URL", "feeds.d/a.yaml",
		"cities:\n"
		"  - id: co-mde\n"
		"    name: { es: Medellín }\n"
		"    agencies:\n"
		"      - id: aci\n"
		"        name: { es: ACI }\n"
		"        feeds:\n"
		"          - id: noticias\n"
		"            url: https://aci.example/my feed\n",
		"feeds.d/a.yaml:9:18: feed co-mde.aci.noticias: url 'https://aci.example/my "
		"feed' is not a URL; encode blanks and special characters as %20 …\n"},
	{"country against id", "feeds.d/a.yaml", GOOD "    country: MX\n",
		"feeds.d/a.yaml:10:14: city co-mde: country 'MX' does not agree with the id, "
		"which begins with 'co'\n"},
	{"country of three letters", "feeds.d/a.yaml", GOOD "    country: COL\n",
		"feeds.d/a.yaml:10:14: city co-mde: country 'COL' is not a country; write "
		"the two capital letters of ISO 3166-1, such as CO\n"},
	{"no time zone", "feeds.d/a.yaml", GOOD "    timezone: America/Medellin\n",
		"feeds.d/a.yaml:10:15: city co-mde: timezone 'America/Medellin' is not a "
		"time zone of the IANA list, such as America/Bogota\n"},
	{"time zone outside", "feeds.d/a.yaml", GOOD "    timezone: ../../../etc/passwd\n",
		"feeds.d/a.yaml:10:15: city co-mde: timezone '../../../etc/passwd' is not a "
		"time zone of the IANA list, such as America/Bogota\n"},
	{"no language", "feeds.d/a.yaml", GOOD "    language: Spanish\n",
		"feeds.d/a.yaml:10:15: city co-mde: language 'Spanish' is not a language tag "
		"(BCP 47), such as es or es-MX\n"},
	{"point off Earth", "feeds.d/a.yaml", GOOD "    point: [62.44, -755.8]\n",
		"feeds.d/a.yaml:10:12: city co-mde: point [62.44, -755.8] is not on Earth; "
		"write [latitude, longitude] in degrees\n"},
	{"point half", "feeds.d/a.yaml", GOOD "    point: [62.44]\n",
		"feeds.d/a.yaml:10:12: city co-mde: 'point' must be [latitude, longitude] in "
		"degrees, such as [6.2442, -75.5812]\n"},
	{"names without language", "feeds.d/a.yaml",
		"cities:\n"
		"  - id: co-mde\n"
		"    name: Medellín\n"
		"    agencies:\n"
		"      - id: aci\n"
		"        name: { es: ACI }\n"
		"        feeds:\n"
		"          - id: noticias\n"
		"            url: https://aci.example/feed/\n",
		"feeds.d/a.yaml:3:11: city co-mde: 'name' must be given by language, as in { "
		"es: Medellín }\n"},
	{"name in no language", "feeds.d/a.yaml",
		"cities:\n"
		"  - id: co-mde\n"
		"    name: { spanish: Medellín }\n"
		"    agencies:\n"
		"      - id: aci\n"
		"        name: { es: ACI }\n"
		"        feeds:\n"
		"          - id: noticias\n"
		"            url: https://aci.example/feed/\n",
		"feeds.d/a.yaml:3:13: city co-mde: name: 'spanish' is not a language tag "
		"(BCP 47), such as es or es-MX\n"},
	{"name twice in a language", "feeds.d/a.yaml",
		"cities:\n"
		"  - id: co-mde\n"
		"    name: { es: Medellín, es: Medellin }\n"
		"    agencies:\n"
		"      - id: aci\n"
		"        name: { es: ACI }\n"
		"        feeds:\n"
		"          - id: noticias\n"
		"            url: https://aci.example/feed/\n",
		"feeds.d/a.yaml:3:27: city co-mde: name: language 'es' stands here twice; "
		"the first is at line 3\n"},
	{"sector", "feeds.d/a.yaml",
		"cities:\n"
		"  - id: co-mde\n"
		"    name: { es: Medellín }\n"
		"    agencies:\n"
		"      - id: aci\n"
		"        name: { es: ACI }\n"
		"        sector: pubic\n"
		"        feeds:\n"
		"          - id: noticias\n"
		"            url: https://aci.example/feed/\n",
		"feeds.d/a.yaml:7:17: agency co-mde.aci: sector 'pubic' is none of public, "
		"private, civil-society, academia (did you mean 'public'?)\n"},
	{"kind", "feeds.d/a.yaml", GOOD "            kind: movie\n",
		"feeds.d/a.yaml:10:19: feed co-mde.aci.noticias: kind 'movie' is none of "
		"news, alert, event\n"},
	{"theme", "feeds.d/a.yaml", GOOD "            themes: [climat]\n",
		"feeds.d/a.yaml:10:22: feed co-mde.aci.noticias: theme 'climat' is not "
		"defined in any file (did you mean 'climate'?)\n"},
	{"themes no list", "feeds.d/a.yaml", GOOD "            themes: climate\n",
		"feeds.d/a.yaml:10:21: feed co-mde.aci.noticias: 'themes' must be a list, "
		"not a single value\n"},
	{"translates", "feeds.d/a.yaml", GOOD "            translates: co-mde.aci.noticia\n",
		"feeds.d/a.yaml:10:25: feed co-mde.aci.noticias: feed 'co-mde.aci.noticia' "
		"is not defined in any file (did you mean 'co-mde.aci.noticias'?)\n"},
	{"lead and cities", "feeds.d/a.yaml",
		"networks:\n"
		"  - id: al-las\n"
		"    name: { en: A }\n"
		"    lead: co-mde.acj\n"
		"    cities: [co-mde, mx-mex]\n" GOOD,
		"feeds.d/a.yaml:4:11: network al-las: agency 'co-mde.acj' is not defined in any "
		"file (did you mean 'co-mde.aci'?)\n"
		"feeds.d/a.yaml:5:22: network al-las: city 'mx-mex' is not defined in any file; "
		"define it, or take it out\n"},
	{"two cities with one id", "feeds.d/a.yaml",
		GOOD "  - id: co-mde\n"
		     "    name: { es: Medellín }\n"
		     "    agencies:\n"
		     "      - id: acb\n"
		     "        name: { es: ACI }\n"
		     "        feeds:\n"
		     "          - id: noticias\n"
		     "            url: https://acb.example/feed/\n",
		"feeds.d/a.yaml:10:9: city 'co-mde' is already defined at "
		"feeds.d/a.yaml:2:9\n"},
	{"two feeds with one id", "feeds.d/a.yaml",
		GOOD "          - id: noticias\n"
		     "            url: https://b.example/\n",
		"feeds.d/a.yaml:10:17: feed 'co-mde.aci.noticias' is already defined at "
		"feeds.d/a.yaml:8:17\n"},
	{"formerly still there", "feeds.d/a.yaml",
		GOOD "          - { id: b, url: \"https://b.example/\", formerly: "
		     "[co-mde.aci.noticias] }\n",
		"feeds.d/a.yaml:10:60: feed co-mde.aci.b: former id 'co-mde.aci.noticias' is "
		"still that of the feed at feeds.d/a.yaml:8:17\n"},
	{"formerly twice", "feeds.d/a.yaml",
		GOOD "            formerly: [co-mde.aci.x]\n"
		     "          - { id: b, url: \"https://b.example/\", formerly: [co-mde.aci.x] "
		     "}\n",
		"feeds.d/a.yaml:11:60: feed co-mde.aci.b: former id 'co-mde.aci.x' is "
		"already claimed at feeds.d/a.yaml:10:24\n"},
	{"formerly no id", "feeds.d/a.yaml", GOOD "            formerly: [noticias]\n",
		"feeds.d/a.yaml:10:24: feed co-mde.aci.noticias: formerly 'noticias' is not "
		"the full id of a feed, such as mx-mex.cgai.noticias\n"},
	{"pattern without a feed", "feeds.d/a.yaml",
		GOOD "rules:\n"
		     "  - { theme: awards, feeds: [\"mx-mex.*\"], words: { es: [premio] } }\n",
		"feeds.d/a.yaml:11:30: rule: feeds 'mx-mex.*' matches no feed\n"},
	{"exact pattern misspelt", "feeds.d/a.yaml",
		GOOD "rules:\n"
		     "  - { theme: awards, feeds: [co-mde.aci.noticia], words: { es: [premio] } "
		     "}\n",
		"feeds.d/a.yaml:11:30: rule: feed 'co-mde.aci.noticia' is not defined in any "
		"file (did you mean 'co-mde.aci.noticias'?)\n"},
	{"no pattern", "feeds.d/a.yaml",
		GOOD "rules:\n"
		     "  - { theme: awards, feeds: [\"co-m*\"], words: { es: [premio] } }\n",
		"feeds.d/a.yaml:11:30: rule: feeds 'co-m*' is not a pattern over feed ids, "
		"such as co-mde.* or mx-mex.cgai.noticias\n"},
	{"empty rule", "feeds.d/a.yaml",
		GOOD "rules:\n"
		     "  - { theme: awards }\n",
		"feeds.d/a.yaml:11:5: rule: adds nothing; give words or categories\n"},
	{"words no list", "feeds.d/a.yaml",
		GOOD "rules:\n"
		     "  - { theme: awards, words: { es: premio } }\n",
		"feeds.d/a.yaml:11:35: rule: words: 'es' must be a list of words, as in "
		"[premio, galardón]\n"},
	{"auth of two kinds", "feeds.d/a.yaml",
		GOOD "            auth: { user: me, password_file: /p, bearer_file: /t }\n",
		"feeds.d/a.yaml:10:19: feed co-mde.aci.noticias: auth: names several ways to "
		"log in; keep one of user, bearer and certificate\n"},
	{"auth without password", "feeds.d/a.yaml", GOOD "            auth: { user: me }\n",
		"feeds.d/a.yaml:10:19: feed co-mde.aci.noticias: auth: needs user and one of "
		"password_file and password_credential\n"},
	{"auth with half a certificate", "feeds.d/a.yaml",
		GOOD "            auth: { certificate_file: /c.pem }\n",
		"feeds.d/a.yaml:10:19: feed co-mde.aci.noticias: auth: needs both "
		"certificate_file and key_file\n"},
	{"password in the file", "feeds.d/a.yaml",
		GOOD "            auth: { user: me, password: secret }\n",
		"feeds.d/a.yaml:10:19: feed co-mde.aci.noticias: auth: needs user and one of "
		"password_file and password_credential\n"
		"feeds.d/a.yaml:10:31: feed co-mde.aci.noticias: auth: unknown key 'password'; "
		"known here: user, password_file, password_credential, bearer_file, "
		"bearer_credential, certificate_file, key_file\n"},
	{"no range", "feeds.d/a.yaml", GOOD "            allow_net: [10.0.0.0]\n",
		"feeds.d/a.yaml:10:25: feed co-mde.aci.noticias: allow_net '10.0.0.0' is not "
		"a range of addresses, such as 10.1.0.0/16 or fd00::/8\n"},
	{"body too large", "feeds.d/a.yaml", GOOD "            max_body: 65MiB\n",
		"feeds.d/a.yaml:10:23: feed co-mde.aci.noticias: max_body '65MiB' is above "
		"64MiB, the most allowed\n"},
	{"no proxy", "feeds.d/a.yaml", GOOD "            proxy: proxy.example\n",
		"feeds.d/a.yaml:10:20: feed co-mde.aci.noticias: proxy 'proxy.example' is "
		"not a proxy; it must begin with http://, https:// or socks5h://\n"},
	{"key of the daemon", "feeds.d/a.yaml", GOOD "journal: { keep: 90d }\n",
		"feeds.d/a.yaml:10:1: key 'journal' belongs into civicwired.yaml\n"},
	{"no media topic", "themes.d/t.yaml",
		"themes:\n"
		"  - id: bees\n"
		"    name: { en: Bees }\n"
		"    media_topic: 20000418\n"
		"    sdg: [18]\n",
		"themes.d/t.yaml:4:18: theme bees: media_topic '20000418' is not an IPTC "
		"Media Topic, such as medtop:20000418\n"
		"themes.d/t.yaml:5:11: theme bees: sdg '18' is not a whole number from 1 to "
		"17\n"},
	{"everything at once, in order", "feeds.d/a.yaml",
		"networks:\n"
		"  - id: al-las\n"
		"    nam: { en: A }\n"
		"    cities: [co-mdee]\n" GOOD "            interval: 5min\n"
		"            themes: [climat]\n",
		"feeds.d/a.yaml:2:5: network al-las: 'name' is missing: name by language\n"
		"feeds.d/a.yaml:3:5: network al-las: unknown key 'nam' (did you mean 'name'?)\n"
		"feeds.d/a.yaml:4:14: network al-las: city 'co-mdee' is not defined in any file "
		"(did you mean 'co-mde'?)\n"
		"feeds.d/a.yaml:14:23: interval '5min' of co-mde.aci.noticias is below 15min; ask "
		"the partner, then set interval_agreed: true\n"
		"feeds.d/a.yaml:15:22: feed co-mde.aci.noticias: theme 'climat' is not defined in "
		"any file (did you mean 'climate'?)\n"},
};

const size_t n_broken_feeds = sizeof broken_feeds / sizeof *broken_feeds;
