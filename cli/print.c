#include "cli/print.h"

#include <stdbool.h>

void print_text(FILE *to, const char *text)
{
	for (const unsigned char *c = (const unsigned char *)(text ? text : ""); *c; c++) {
		bool c1 = c[0] == 0xC2 && c[1] >= 0x80 && c[1] < 0xA0;
		if (c1)
			c++;
		putc(*c < 0x20 || *c == 0x7F || c1 ? ' ' : *c, to);
	}
}

void print_labelled(int indent, int columns, const char *label, const char *text)
{
	if (!text || !*text)
		return;
	printf("%*s%-*s", indent, "", columns, label);
	print_text(stdout, text);
	putchar('\n');
}
