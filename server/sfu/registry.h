/**
 * Rooms and peers by the names that signaling gave them; to all other threads they are numbers.
 *
 * Plain books: telling workers is the control thread's. A number is never given twice in one life of the process.
 * Thread: control.
 */
#ifndef HOPKIN_SFU_REGISTRY_H
#define HOPKIN_SFU_REGISTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "control_message.h"
#include "list.h"
#include "map.h"
#include "orders.h"

struct known_room {
	uint32_t id;
	uint16_t home;                          /* the worker that keeps its speakers */
	control_name name;
	struct list peers;                      /* struct known_peer, in_room */
};

struct known_peer {
	uint32_t id, number;
	control_name name;
	struct known_room *room;                /* its owner */
	struct list in_room;
	char *tag;                              /* owned */
	bool connected;
	uint16_t worker;                        /* where it lives, once connected */
	uint8_t on, blocked;                    /* bit 1 << enum control_source */
	uint32_t seats[CONTROL_SEATS_MAX];      /* who sits where, as last told */
	int64_t added_us;
	struct order_view *view;                /* owned; kept until it is known where the peer lives */
};

struct registry {
	uint32_t next_id;
	struct map *rooms, *peers;              /* by name */
	struct map *rooms_by_id, *peers_by_id;
};

int registry_init(struct registry *registry);           /* 0 or -ENOMEM */
void registry_free(struct registry *registry);          /* with all that is in it; copes with half-made */

struct known_room *registry_room(const struct registry *registry, const char *name);    /* NULL: none */
struct known_peer *registry_peer(const struct registry *registry, const char *name);
struct known_room *registry_room_by_id(const struct registry *registry, uint32_t id);
struct known_peer *registry_peer_by_id(const struct registry *registry, uint32_t id);

/** NULL: out of memory. The home is one of `workers`, spread evenly. */
struct known_room *registry_room_add(struct registry *registry, const char *name, uint16_t workers);
struct known_peer *registry_peer_add(struct registry *registry, struct known_room *room, const struct control_peer_add *add,
	int64_t now_us);
/** Another tag. False: out of memory, the old one stays. */
bool registry_peer_tag(struct known_peer *peer, const char *tag);

void registry_peer_remove(struct registry *registry, struct known_peer *peer);
void registry_room_remove(struct registry *registry, struct known_room *room);          /* it must be empty */

#endif
