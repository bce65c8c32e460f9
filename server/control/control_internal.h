/** Within the control layer: the words of the link's enums as fields, and the two messages large enough for a file of their own. */
#ifndef HOPKIN_CONTROL_INTERNAL_H
#define HOPKIN_CONTROL_INTERNAL_H

#include "control_message.h"
#include "fields.h"

/* control_words.c */
void field_type(struct fields *f, enum control_type *at);
void field_code(struct fields *f, enum control_code *at);
void field_codec(struct fields *f, enum control_codec *at);
void field_source(struct fields *f, enum control_source *at);
void field_seat_kind(struct fields *f, enum control_seat_kind *at);
void field_close_reason(struct fields *f, enum control_close_reason *at);
void field_via(struct fields *f, enum control_via *at);

/* control_peer.c: peer.add and peer.update */
void fields_of_peer_add(struct fields *f, struct control_peer_add *p);
void fields_of_peer_update(struct fields *f, struct control_peer_update *u);
void field_fingerprint(struct fields *f, char at[CONTROL_FINGERPRINT_MAX + 1]);

#endif
