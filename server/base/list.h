/**
 * A doubly linked list whose links live inside what is listed: nothing is allocated, removal needs no search.
 *
 *	struct peer { struct list in_room; … };
 *	list_add_tail(&room->peers, &peer->in_room);
 *	list_each(at, &room->peers) { struct peer *peer = list_entry(at, struct peer, in_room); … }
 *
 * Only `list_each_safe` allows removing the entry it stands on.
 */
#ifndef HOPKIN_BASE_LIST_H
#define HOPKIN_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list { struct list *prev, *next; };

#define list_entry(link, type, member) ((type *)(void *)((char *)(link) - offsetof(type, member)))
#define list_each(at, head) for (struct list *at = (head)->next; at != (head); at = at->next)
#define list_each_safe(at, head) \
	for (struct list *at = (head)->next, *at##_next = at->next; at != (head); at = at##_next, at##_next = at->next)

/** A head, or a link that is in no list: `list_remove` of it does nothing. */
static inline void list_init(struct list *l)
{
	l->prev = l->next = l;
}

static inline bool list_empty(const struct list *head)
{
	return head->next == head;
}

static inline void list_insert(struct list *link, struct list *prev, struct list *next)
{
	link->prev = prev;
	link->next = next;
	prev->next = next->prev = link;
}

static inline void list_add_head(struct list *head, struct list *link)
{
	list_insert(link, head, head->next);
}

static inline void list_add_tail(struct list *head, struct list *link)
{
	list_insert(link, head->prev, head);
}

static inline void list_remove(struct list *link)
{
	link->prev->next = link->next;
	link->next->prev = link->prev;
	list_init(link);
}

static inline struct list *list_first(const struct list *head)
{
	return list_empty(head) ? NULL : head->next;
}

#endif
