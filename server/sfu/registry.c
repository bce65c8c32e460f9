#include "registry.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

int registry_init(struct registry *g)
{
	*g = (struct registry){ 0 };
	int err = map_create(&g->rooms, MAP_BY_STRING, 64, MAP_GROWS);

	if (!err)
		err = map_create(&g->peers, MAP_BY_STRING, 256, MAP_GROWS);
	if (!err)
		err = map_create(&g->rooms_by_id, MAP_BY_U32, 64, MAP_GROWS);
	if (!err)
		err = map_create(&g->peers_by_id, MAP_BY_U32, 256, MAP_GROWS);
	return err;
}

static void peer_free(struct known_peer *p)
{
	free(p->view);
	free(p->tag);
	free(p);
}

static void free_all(const struct map *map, void (*each)(void *value))
{
	if (!map)
		return;
	struct map_walk walk = map_walk(map);
	void *value;
	while ((value = map_next(map, &walk)))
		each(value);
}

static void peer_free_value(void *value)
{
	peer_free(value);
}

void registry_free(struct registry *g)
{
	free_all(g->peers, peer_free_value);
	free_all(g->rooms, free);
	map_destroy(g->rooms);
	map_destroy(g->peers);
	map_destroy(g->rooms_by_id);
	map_destroy(g->peers_by_id);
	*g = (struct registry){ 0 };
}

struct known_room *registry_room(const struct registry *g, const char *name)
{
	return map_get_string(g->rooms, name, strlen(name));
}

struct known_peer *registry_peer(const struct registry *g, const char *name)
{
	return map_get_string(g->peers, name, strlen(name));
}

struct known_room *registry_room_by_id(const struct registry *g, uint32_t id)
{
	return map_get_u32(g->rooms_by_id, id);
}

struct known_peer *registry_peer_by_id(const struct registry *g, uint32_t id)
{
	return map_get_u32(g->peers_by_id, id);
}

/* Into both maps or neither. */
static bool enter(struct map *by_name, struct map *by_id, const char *name, uint32_t id, void *value)
{
	if (map_put_string(by_name, name, strlen(name), value) != 0)
		return false;
	if (map_put_u32(by_id, id, value) == 0)
		return true;
	map_remove_string(by_name, name, strlen(name));
	return false;
}

struct known_room *registry_room_add(struct registry *g, const char *name, uint16_t workers)
{
	struct known_room *r = calloc(1, sizeof *r);

	if (!r)
		return NULL;
	r->id = ++g->next_id;
	r->home = (uint16_t)(r->id % workers);
	strcpy(r->name, name);
	list_init(&r->peers);
	if (enter(g->rooms, g->rooms_by_id, r->name, r->id, r))
		return r;
	free(r);
	return NULL;
}

struct known_peer *registry_peer_add(struct registry *g, struct known_room *r, const struct control_peer_add *add, int64_t now_us)
{
	struct known_peer *p = calloc(1, sizeof *p);

	if (!p)
		return NULL;
	p->id = ++g->next_id;
	p->number = add->number;
	p->room = r;
	p->added_us = now_us;
	p->tag = strdup(add->tag);
	strcpy(p->name, add->peer);
	if (!p->tag || !enter(g->peers, g->peers_by_id, p->name, p->id, p)) {
		peer_free(p);
		return NULL;
	}
	list_add_tail(&r->peers, &p->in_room);
	return p;
}

bool registry_peer_tag(struct known_peer *p, const char *tag)
{
	char *copy = strdup(tag);

	if (!copy)
		return false;
	free(p->tag);
	p->tag = copy;
	return true;
}

void registry_peer_remove(struct registry *g, struct known_peer *p)
{
	map_remove_string(g->peers, p->name, strlen(p->name));
	map_remove_u32(g->peers_by_id, p->id);
	list_remove(&p->in_room);
	peer_free(p);
}

void registry_room_remove(struct registry *g, struct known_room *r)
{
	assert(list_empty(&r->peers));
	map_remove_string(g->rooms, r->name, strlen(r->name));
	map_remove_u32(g->rooms_by_id, r->id);
	free(r);
}
