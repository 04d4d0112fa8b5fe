#include "control/page-words.h"

struct words {
	const char *in[PAGE_LANGUAGES]; /* English, Spanish */
};

static const struct words words[W_COUNT] = {
	[W_LANGUAGE] = {{"en", "es"}},
	[W_OTHER_LANGUAGE] = {{"Español", "English"}},
	[W_SKIP] = {{"Skip to the feeds", "Ir a las fuentes"}},
	[W_NO_FEEDS] = {{"No feed is configured yet.", "Aún no hay ninguna fuente configurada."}},
	[W_ALL_FINE] = {{"All feeds are fine.", "Todas las fuentes están bien."}},
	[W_NEED_ATTENTION] = {{"feeds need attention.", "fuentes necesitan atención."}},
	[W_NEEDS_ATTENTION] = {{"feeds needs attention.", "fuentes necesita atención."}},
	[W_OF] = {{"of", "de"}},
	[W_JOURNAL_STUCK] = {{"Nothing is polled, because the journal cannot be written: ",
		"No se consulta nada, porque no se puede escribir el registro: "}},
	[W_NO_BUS] = {{"Subscribers are not served at the moment: the bus is being started again.",
		"De momento no se atiende a los suscriptores: el bus se está reiniciando."}},
	[W_FEEDS] = {{"Feeds", "Fuentes"}},
	[W_ITEMS_TODAY] = {{"Items today (UTC)", "Artículos hoy (UTC)"}},
	[W_ITEMS_FORTNIGHT] = {{"Items in 14 days", "Artículos en 14 días"}},
	[W_EVENTS] = {{"Newest event", "Último evento"}},
	[W_CONNECTIONS] = {{"Connected clients", "Clientes conectados"}},
	[W_SUBSCRIPTIONS] = {{"Live subscriptions", "Suscripciones en vivo"}},
	[W_WAITING] = {{"Waiting for news", "En espera de novedades"}},
	[W_SENT] = {{"Messages sent live", "Mensajes enviados en vivo"}},
	[W_TRANSFERS] = {{"Polls under way", "Consultas en curso"}},
	[W_POLLS] = {{"Polls since the start", "Consultas desde el inicio"}},
	[W_POLLS_FAILED] = {{"Polls failed", "Consultas fallidas"}},
	[W_RUNNING_SINCE] = {{"Running since", "En marcha desde"}},
	[W_VERSION] = {{"version", "versión"}},
	[W_ALL] = {{"All", "Todas"}},
	[W_ATTENTION] = {{"Needs attention", "Necesitan atención"}},
	[W_SEARCH] = {{"City, agency or feed", "Ciudad, organismo o fuente"}},
	[W_SEARCH_BUTTON] = {{"Search", "Buscar"}},
	[W_HUB_ASKED] = {{"asked to push by hub", "se ha pedido que envíe las novedades al hub"}},
	[W_HUB_ACTIVE] = {{"pushed by hub", "recibe las novedades del hub"}},
	[W_HUB_DENIED] = {{"not pushed: denied by hub", "sin envíos: lo deniega el hub"}},
	[W_HUB_FAILING] = {{"not pushed: no success with hub",
		"sin envíos: no responde bien el hub"}},
	[W_HUB_DISTRUSTED] = {{"polled as ever: news was missed by hub",
		"se consulta como siempre: omitió novedades el hub"}},
	[W_HUB_FAILURES] = {{"failed attempts:", "intentos fallidos:"}},
	[W_HUBS_PUSH] = {{"Feeds pushed by hubs", "Fuentes con envíos de hubs"}},
	[W_LAST_PUSH] = {{"last push", "último envío"}},
	[W_LEASE_ENDS] = {{"lease ends", "vence"}},
	[W_LAST_ITEM] = {{"last item", "último artículo"}},
	[W_NEXT_POLL] = {{"next poll", "próxima consulta"}},
	[W_POLLING] = {{"being polled now", "en consulta"}},
	[W_FELL_SILENT] = {{"no news for far longer than is usual for it",
		"sin novedades desde hace mucho más de lo habitual"}},
	[W_MOVED_TO] = {{"it has moved; write this into feeds.d: ",
		"se ha mudado; escriba esto en feeds.d: "}},
	[W_SINCE] = {{"since", "desde"}},
	[W_NEVER] = {{"never", "nunca"}},
	[W_AGO_BEFORE] = {{"", "hace "}},
	[W_AGO_AFTER] = {{" ago", ""}},
	[W_IN] = {{"in ", "en "}},
	[W_NOW] = {{"now", "ahora"}},
	[W_DAYS] = {{"items in 14 days, most on one day:",
		"artículos en 14 días, máximo en un día:"}},
	[W_NOTHING_FOUND] = {{"No feed is like that.", "No hay ninguna fuente así."}},
	[W_PREVIOUS] = {{"Previous page", "Página anterior"}},
	[W_NEXT] = {{"Next page", "Página siguiente"}},
	[W_PAGE] = {{"Page", "Página"}},
	[W_AS_OF] = {{"As of", "A las"}},
	[W_LIVE] = {{"Live: looks again every 10 seconds.",
		"En vivo: se actualiza cada 10 segundos."}},
	[W_LOST] = {{"No answer for % seconds: what you see is as old as that.",
		"Sin respuesta desde hace % segundos: lo que se ve es de entonces."}},
};

static const struct words states[PAGE_STATES] = {
	[PAGE_FAILING] = {{"failing", "con fallos"}},
	[PAGE_BLOCKED] = {{"blocked", "bloqueada"}},
	[PAGE_GONE] = {{"gone", "retirada"}},
	[PAGE_QUIET] = {{"quiet", "en silencio"}},
	[PAGE_MOVED] = {{"moved", "mudada"}},
	[PAGE_FINE] = {{"fine", "bien"}},
	[PAGE_NEW] = {{"not polled yet", "aún sin consultar"}},
	[PAGE_PAUSED] = {{"paused", "en pausa"}},
};

struct str page_word(enum page_language language, enum word word)
{
	return str_of(words[word].in[language]);
}

struct str page_state_word(enum page_language language, enum page_state state)
{
	return str_of(states[state].in[language]);
}

/* "es-CO;q=0.8" -> "es", 800; a weight has at most three decimals. */
static int weight_of(struct str range, struct str *ret_language)
{
	struct str name = str_trim(str_head(range, str_chr(range, ';')));
	size_t q = str_find(range, STR("q="));
	int weight = 1000;

	*ret_language = str_head(name, str_chr(name, '-'));
	if (q < range.n) {
		struct str value = str_trim(str_skip(range, q + 2));
		weight = value.n && value.p[0] == '1' ? 1000 : 0;
		int place = 100;
		for (size_t i = 2;
			i < value.n && ascii_is_digit((unsigned char)value.p[i]) && place;
			i++, place /= 10)
			weight += weight < 1000 ? (value.p[i] - '0') * place : 0;
	}
	return weight;
}

enum page_language page_language_of(const char *accept)
{
	struct str rest = str_of(accept), range, language;
	enum page_language best = PAGE_ENGLISH;
	int most = 0;

	while (rest.n && str_split(&rest, ',', &range)) {
		int weight = weight_of(range, &language);
		for (enum page_language l = 0; l < PAGE_LANGUAGES; l++)
			if (weight > most && str_ieq(language, page_word(l, W_LANGUAGE))) {
				most = weight;
				best = l;
			}
	}
	return best;
}
