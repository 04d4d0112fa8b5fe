/* Intrusive doubly linked list: the link is a member of the element, the owner is found by
 * container_of. One thread at a time. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

struct list {
	struct list *prev, *next;
};

static inline void list_init(struct list *l)
{
	l->prev = l->next = l;
}

static inline bool list_is_empty(const struct list *l)
{
	return l->next == l;
}

/* Puts `item` at the end of the list whose head is `head`. */
static inline void list_append(struct list *head, struct list *item)
{
	item->prev = head->prev;
	item->next = head;
	head->prev->next = item;
	head->prev = item;
}

/* Takes `item` out; it is then an empty list of its own, so a second removal is harmless. */
static inline void list_remove(struct list *item)
{
	item->prev->next = item->next;
	item->next->prev = item->prev;
	list_init(item);
}

/* The elements must stay in the list while this runs over them. */
#define list_for_each(it, head) for (struct list *it = (head)->next; it != (head); it = it->next)
