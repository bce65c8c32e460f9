#include "bare_train.h"

#include <errno.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "bytes.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

enum {
	MESSAGES = 16,                  /* of one sendmmsg: more gained nothing, and what is sealed leaves the cache before it is sent */
	MOST_BYTES = 65000,             /* of one message: UDP's limit */
	MOST_PADDING = 64,              /* bytes for which a train is not broken */
};

struct bare_sender {
	int fd;
	unsigned count;
	struct bare_sent sent;
	struct mmsghdr head[MESSAGES];
	struct iovec piece[MESSAGES];
	unsigned packets[MESSAGES];
	union { char room[CMSG_SPACE(sizeof(uint16_t))]; struct cmsghdr align; } segment[MESSAGES];
	uint8_t bytes[MESSAGES][MOST_BYTES];
};

struct bare_sender *bare_sender_create(int fd)
{
	struct bare_sender *sender = calloc(1, sizeof *sender);
	if (!sender)
		return NULL;
	sender->fd = fd;
	for (unsigned i = 0; i < MESSAGES; i++) {
		sender->piece[i].iov_base = sender->bytes[i];
		sender->head[i].msg_hdr.msg_iov = &sender->piece[i];
		sender->head[i].msg_hdr.msg_iovlen = 1;
	}
	return sender;
}

void bare_sender_destroy(struct bare_sender *sender)
{
	free(sender);
}

struct bare_sent bare_sender_sent(const struct bare_sender *sender)
{
	return sender->sent;
}

/* Padding goes into the shared packet: most subscribers' trains are alike, and then it stands there already. */
static size_t pad(struct bare_packet *packet, size_t to_len)
{
	if (to_len > packet->len) {
		memset(packet->bytes + packet->len, 0, to_len - packet->len - 1);
		packet->bytes[to_len - 1] = (uint8_t)(to_len - packet->len);
	}
	return to_len;
}

static size_t write_packet(uint8_t *out, struct bare_key *key, const struct bare_item *item, size_t len)
{
	struct bare_packet *packet = item->packet;
	const struct bare_route *route = item->route;
	uint64_t index = packet->index + route->index_offset;
	struct rd ts = rd_from(packet->bytes + 4, 4);
	struct wr numbers = wr_to(out + 2, 10);

	pad(packet, len);
	memcpy(out, packet->bytes, packet->header);
	out[0] = (uint8_t)((out[0] & ~0x20) | (len > packet->len ? 0x20 : 0));
	wr_u16(&numbers, (uint16_t)index);
	wr_u32(&numbers, rd_u32(&ts) + route->ts_offset);
	wr_u32(&numbers, route->ssrc);
	return bare_key_seal(key, out, packet->header, packet->bytes + packet->header, len - packet->header, index);
}

/*
 * How many of the items make the first train, and at which size: as long as no packet needs more than MOST_PADDING. A much smaller one
 * may end a train as it is.
 */
static unsigned train_length(const struct bare_item *items, unsigned count, size_t *size)
{
	size_t least = items[0].packet->len, most = least;
	unsigned n = 1;
	for (; n < count; n++) {
		size_t len = items[n].packet->len, larger = len > most ? len : most;
		if ((n + 1) * (larger + BARE_TAG) > MOST_BYTES || len > least + MOST_PADDING)
			break;
		if (len + MOST_PADDING < most) {
			n++;
			break;
		}
		least = len < least ? len : least;
		most = larger;
	}
	*size = most;
	return n;
}

static void set_segment(struct bare_sender *sender, unsigned i, size_t size)
{
	struct msghdr *head = &sender->head[i].msg_hdr;
	head->msg_control = &sender->segment[i];
	head->msg_controllen = sizeof sender->segment[i].room;
	struct cmsghdr *control = CMSG_FIRSTHDR(head);
	control->cmsg_level = SOL_UDP;
	control->cmsg_type = UDP_SEGMENT;
	control->cmsg_len = CMSG_LEN(sizeof(uint16_t));
	uint16_t bytes = (uint16_t)size;
	memcpy(CMSG_DATA(control), &bytes, sizeof bytes);
}

static void add_train(struct bare_sender *sender, const struct sockaddr_in *to, struct bare_key *key, const struct bare_item *items,
	unsigned count, size_t size)
{
	if (sender->count == MESSAGES)
		bare_sender_flush(sender);
	unsigned i = sender->count++;
	uint8_t *out = sender->bytes[i];
	for (unsigned k = 0; k < count; k++) {
		bool shorter = (size_t)items[k].packet->len + MOST_PADDING < size;      /* only the last can be: train_length() */
		out += write_packet(out, key, &items[k], shorter ? items[k].packet->len : size);
	}
	sender->packets[i] = count;
	sender->piece[i].iov_len = (size_t)(out - sender->bytes[i]);
	sender->head[i].msg_hdr.msg_name = (void *)to;
	sender->head[i].msg_hdr.msg_namelen = sizeof *to;
	sender->head[i].msg_hdr.msg_control = NULL;
	sender->head[i].msg_hdr.msg_controllen = 0;
	if (count > 1)
		set_segment(sender, i, size + BARE_TAG);
}

void bare_sender_add(struct bare_sender *sender, const struct sockaddr_in *to, struct bare_key *key, const struct bare_item *items,
	unsigned count)
{
	for (unsigned first = 0; first < count; ) {
		size_t size;
		unsigned n = train_length(items + first, count - first, &size);
		add_train(sender, to, key, items + first, n, size);
		first += n;
	}
}

void bare_sender_flush(struct bare_sender *sender)
{
	for (unsigned first = 0; first < sender->count; ) {
		int n = sendmmsg(sender->fd, sender->head + first, sender->count - first, 0);
		sender->sent.calls++;
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			sender->sent.errors++;          /* this message alone */
			first++;
			continue;
		}
		for (unsigned end = first + (unsigned)n; first < end; first++) {
			sender->sent.packets += sender->packets[first];
			sender->sent.messages++;
		}
	}
	sender->count = 0;
}
