/* The three scripts. Words of the help go into quotes of the shell: what could end them is left out. */
#include <string.h>

#include "cli/completion.h"

static void put(FILE *to, struct str s)
{
	fwrite(s.p, 1, s.n, to);
}

/* A sentence between single quotes, and between [ ] and before : of zsh. */
static void put_about(FILE *to, struct str about)
{
	for (size_t i = 0; i < about.n; i++)
		if (!strchr("'\"`$\\[]:", about.p[i]))
			putc(about.p[i], to);
}

static void put_choices(FILE *to, struct str choices, char between)
{
	for (size_t i = 0; i < choices.n; i++)
		putc(choices.p[i] == '|' ? between : choices.p[i], to);
}

static void put_names(FILE *to, const struct completion_option *o, char between)
{
	if (o->letter.p)
		fprintf(to, "-%.*s", STR_FMT(o->letter));
	if (o->letter.p && o->name.p)
		putc(between, to);
	if (o->name.p)
		fprintf(to, "--%.*s", STR_FMT(o->name));
}

/* ---- bash ---- */

static void bash_values(FILE *to, struct str argument)
{
	switch (completion_kind(argument)) {
	case COMPLETION_FILE:
		fputs("_civicwire_files \"$cur\"", to);
		break;
	case COMPLETION_FOLDER:
		fputs("_civicwire_files \"$cur\" -d", to);
		break;
	case COMPLETION_FEED:
		fputs("_civicwire_feeds \"$cur\"", to);
		break;
	case COMPLETION_CHOICE:
		fputs("COMPREPLY=($(compgen -W '", to);
		put_choices(to, argument, ' ');
		fputs("' -- \"$cur\"))", to);
		break;
	case COMPLETION_NOTHING:
		fputs(":", to);
		break;
	}
}

static void bash_verb(FILE *to, const struct completion_verb *v)
{
	fprintf(to, "\t%s)\n\t\tcase $prev in\n", v->name);
	for (size_t i = 0; i < v->n_options; i++) {
		if (!v->options[i].argument.p)
			continue;
		fputs("\t\t", to);
		put_names(to, &v->options[i], '|');
		fputs(") ", to);
		bash_values(to, v->options[i].argument);
		fputs("; return ;;\n", to);
	}
	fputs("\t\tesac\n\t\tif [[ $cur == -* ]]; then\n\t\t\tCOMPREPLY=($(compgen -W '", to);
	for (size_t i = 0; i < v->n_options; i++) {
		put_names(to, &v->options[i], ' ');
		putc(' ', to);
	}
	fputs("' -- \"$cur\"))\n", to);
	if (v->n_words) {
		fputs("\t\telif ! _civicwire_said '", to);
		for (size_t i = 0; i < v->n_words; i++)
			fprintf(to, "%s%.*s", i ? " " : "", STR_FMT(v->words[i].word));
		fputs("'; then\n\t\t\tCOMPREPLY=($(compgen -W '", to);
		for (size_t i = 0; i < v->n_words; i++)
			fprintf(to, "%s%.*s", i ? " " : "", STR_FMT(v->words[i].word));
		fputs("' -- \"$cur\"))\n", to);
	}
	if (v->argument.p) {
		fputs("\t\telse\n\t\t\t", to);
		bash_values(to, v->argument);
		putc('\n', to);
	}
	fputs("\t\tfi ;;\n", to);
}

void completion_write_bash(FILE *to, const struct completion *c)
{
	fputs("# bash completion for civicwire, made by `civicwire completion bash`\n"
	      "_civicwire_files() {\n"
	      "\tcompopt -o filenames 2>/dev/null\n"
	      "\tmapfile -t COMPREPLY < <(compgen ${2:--f} -- \"$1\")\n"
	      "}\n"
	      "_civicwire_feeds() {\n"
	      "\tmapfile -t COMPREPLY < <(timeout 2 \"${COMP_WORDS[0]}\" feeds -- \"$1*\" "
	      "2>/dev/null |\n"
	      "\t\twhile read -r id rest; do [[ $id == *.*.* ]] && printf '%s\\n' \"$id\"; done)\n"
	      "}\n"
	      "# Has one of the verb's words been said?\n"
	      "_civicwire_said() {\n"
	      "\tlocal i\n"
	      "\tfor ((i = 2; i < COMP_CWORD; i++)); do [[ \" $1 \" == *\" ${COMP_WORDS[i]} \"* ]] "
	      "&& "
	      "return 0; done\n"
	      "\treturn 1\n"
	      "}\n"
	      "_civicwire() {\n"
	      "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
	      "\tCOMPREPLY=()\n"
	      "\tif ((COMP_CWORD == 1)); then\n"
	      "\t\tCOMPREPLY=($(compgen -W '",
		to);
	for (size_t i = 0; i < c->n; i++)
		fprintf(to, "%s ", c->verbs[i].name);
	fputs("--help --version' -- \"$cur\"))\n\t\treturn\n\tfi\n\tcase ${COMP_WORDS[1]} in\n",
		to);
	for (size_t i = 0; i < c->n; i++)
		bash_verb(to, &c->verbs[i]);
	fputs("\tesac\n}\ncomplete -F _civicwire civicwire\n", to);
}

/* ---- zsh ---- */

static void zsh_action(FILE *to, struct str argument)
{
	putc(':', to);
	put_about(to, argument);
	putc(':', to);
	switch (completion_kind(argument)) {
	case COMPLETION_FILE:
		fputs("_files", to);
		break;
	case COMPLETION_FOLDER:
		fputs("_files -/", to);
		break;
	case COMPLETION_FEED:
		fputs("_civicwire_feeds", to);
		break;
	case COMPLETION_CHOICE:
		putc('(', to);
		put_choices(to, argument, ' ');
		putc(')', to);
		break;
	case COMPLETION_NOTHING:
		break;
	}
}

static void zsh_option(FILE *to, const struct completion_option *o)
{
	fputs(" \\\n\t\t\t", to);
	if (o->letter.p && o->name.p)
		fprintf(to, "'*'{-%.*s,--%.*s}'", STR_FMT(o->letter), STR_FMT(o->name));
	else {
		fputs("'*", to);
		put_names(to, o, ' ');
	}
	putc('[', to);
	put_about(to, o->about);
	putc(']', to);
	if (o->argument.p)
		zsh_action(to, o->argument);
	putc('\'', to);
}

static void zsh_verb(FILE *to, const struct completion_verb *v)
{
	fprintf(to, "\t%s) _arguments -s", v->name);
	for (size_t i = 0; i < v->n_options; i++)
		zsh_option(to, &v->options[i]);
	if (v->n_words) {
		fputs(" \\\n\t\t\t'1:word:((", to);
		for (size_t i = 0; i < v->n_words; i++) {
			fprintf(to, "%s%.*s\\:\"", i ? " " : "", STR_FMT(v->words[i].word));
			put_about(to, v->words[i].about);
			putc('"', to);
		}
		fputs("))'", to);
	}
	if (v->argument.p) {
		fputs(" \\\n\t\t\t'*", to);
		zsh_action(to, v->argument);
		putc('\'', to);
	}
	fputs(" ;;\n", to);
}

void completion_write_zsh(FILE *to, const struct completion *c)
{
	fputs("#compdef civicwire\n"
	      "# made by `civicwire completion zsh`\n"
	      "_civicwire_feeds() {\n"
	      "\tlocal -a ids\n"
	      "\tids=(${${(f)\"$(timeout 2 civicwire feeds -- \"$PREFIX*\" 2>/dev/null)\"}%% *})\n"
	      "\tcompadd -- ${(M)ids:#*.*.*}\n"
	      "}\n"
	      "_civicwire() {\n"
	      "\tlocal -a verbs\n"
	      "\tverbs=(",
		to);
	for (size_t i = 0; i < c->n; i++) {
		fprintf(to, "\n\t\t'%s:", c->verbs[i].name);
		put_about(to, str_of(c->verbs[i].about));
		putc('\'', to);
	}
	fputs(")\n"
	      "\tif ((CURRENT == 2)); then _describe verb verbs; return; fi\n"
	      "\tlocal verb=$words[2]\n"
	      "\tshift words\n"
	      "\t((CURRENT--))\n"
	      "\tcase $verb in\n",
		to);
	for (size_t i = 0; i < c->n; i++)
		zsh_verb(to, &c->verbs[i]);
	fputs("\tesac\n}\n[[ $funcstack[1] == _civicwire ]] && _civicwire \"$@\" || compdef "
	      "_civicwire "
	      "civicwire\n",
		to);
}

/* ---- fish ---- */

static void fish_values(FILE *to, struct str argument)
{
	switch (completion_kind(argument)) {
	case COMPLETION_FILE:
		fputs(" -r -F", to);
		break;
	case COMPLETION_FOLDER:
		fputs(" -x -a '(__fish_complete_directories)'", to);
		break;
	case COMPLETION_FEED:
		fputs(" -x -a '(__civicwire_feeds)'", to);
		break;
	case COMPLETION_CHOICE:
		fputs(" -x -a '", to);
		put_choices(to, argument, ' ');
		putc('\'', to);
		break;
	case COMPLETION_NOTHING:
		fputs(" -x", to);
		break;
	}
}

static void fish_begin(FILE *to, const struct completion_verb *v)
{
	fprintf(to, "complete -c civicwire -n '__fish_seen_subcommand_from %s'", v->name);
}

static void fish_verb(FILE *to, const struct completion_verb *v)
{
	fprintf(to, "complete -c civicwire -f -n __fish_use_subcommand -a %s -d '", v->name);
	put_about(to, str_of(v->about));
	fputs("'\n", to);
	for (size_t i = 0; i < v->n_options; i++) {
		const struct completion_option *o = &v->options[i];
		fish_begin(to, v);
		if (o->letter.p)
			fprintf(to, " -s %.*s", STR_FMT(o->letter));
		if (o->name.p)
			fprintf(to, " -l %.*s", STR_FMT(o->name));
		if (o->argument.p)
			fish_values(to, o->argument);
		fputs(" -d '", to);
		put_about(to, o->about);
		fputs("'\n", to);
	}
	for (size_t i = 0; i < v->n_words; i++) {
		fish_begin(to, v);
		fputs(" -f -a ", to);
		put(to, v->words[i].word);
		fputs(" -d '", to);
		put_about(to, v->words[i].about);
		fputs("'\n", to);
	}
	if (v->argument.p && completion_kind(v->argument) != COMPLETION_FILE) {
		fish_begin(to, v);
		fputs(" -f", to);
		fish_values(to, v->argument);
		putc('\n', to);
	}
}

void completion_write_fish(FILE *to, const struct completion *c)
{
	fputs("# fish completion for civicwire, made by `civicwire completion fish`\n"
	      "function __civicwire_feeds\n"
	      "\ttimeout 2 civicwire feeds -- (commandline -ct)'*' 2>/dev/null | string match -r "
	      "'^[^ ]+\\\\.[^ ]+\\\\.[^ ]+'\n"
	      "end\n",
		to);
	for (size_t i = 0; i < c->n; i++)
		fish_verb(to, &c->verbs[i]);
}
