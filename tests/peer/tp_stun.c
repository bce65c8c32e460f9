#include "tp_stun.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>
#include <zlib.h>

#include "bytes.h"

enum {
	HEADER = 20,
	MAGIC = 0x2112A442,
	ATTR_USERNAME = 0x0006,
	ATTR_INTEGRITY = 0x0008,
	ATTR_ERROR = 0x0009,
	ATTR_XOR_MAPPED = 0x0020,
	ATTR_PRIORITY = 0x0024,
	ATTR_USE_CANDIDATE = 0x0025,
	ATTR_FINGERPRINT = 0x8028,
	ATTR_CONTROLLED = 0x8029,
	ATTR_CONTROLLING = 0x802A,
	ATTR_NOMINATION = 0xC001,
	ATTR_UNKNOWN_OPTIONAL = 0xC0DE,
	FINGERPRINT_XOR = 0x5354554e,
};

static void write_header(struct wr *w, uint16_t type, const uint8_t transaction[12])
{
	wr_u16(w, type);
	wr_u16(w, 0);
	wr_u32(w, MAGIC);
	wr_bytes(w, transaction, 12);
}

static void write_attr(struct wr *w, uint16_t type, const void *value, size_t len)
{
	static const uint8_t zero[4];
	wr_u16(w, type);
	wr_u16(w, (uint16_t)len);
	wr_bytes(w, value, len);
	wr_bytes(w, zero, (4 - len % 4) % 4);
}

static void set_length(uint8_t *msg, size_t body)
{
	msg[2] = (uint8_t)(body >> 8);
	msg[3] = (uint8_t)body;
}

/* HMAC-SHA1 over the message up to `at`, its length field counting up to the end of MESSAGE-INTEGRITY (RFC 8489 §14.5). */
static void integrity_hash(uint8_t out[20], const uint8_t *msg, size_t at, const char *password)
{
	uint8_t copy[2048];
	if (at > sizeof copy)
		at = sizeof copy;
	memcpy(copy, msg, at);
	set_length(copy, at - HEADER + 24);
	unsigned int len = 20;
	HMAC(EVP_sha1(), password, (int)strlen(password), copy, at, out, &len);
}

static void add_integrity(struct wr *w, uint8_t *msg, const char *password, bool bad)
{
	uint8_t mac[20];
	integrity_hash(mac, msg, (size_t)(w->p - msg), password);
	mac[7] ^= bad;
	write_attr(w, ATTR_INTEGRITY, mac, sizeof mac);
}

static void add_fingerprint(struct wr *w, uint8_t *msg)
{
	size_t at = (size_t)(w->p - msg);
	set_length(msg, at - HEADER + 8);
	uint32_t crc = (uint32_t)crc32(0, msg, (uInt)at) ^ FINGERPRINT_XOR;
	uint8_t value[4] = { (uint8_t)(crc >> 24), (uint8_t)(crc >> 16), (uint8_t)(crc >> 8), (uint8_t)crc };
	write_attr(w, ATTR_FINGERPRINT, value, 4);
}

static size_t finish(struct wr *w, uint8_t *msg)
{
	if (!w->ok)
		return 0;
	size_t len = (size_t)(w->p - msg);
	set_length(msg, len - HEADER);
	return len;
}

size_t tp_stun_write_request(uint8_t *out, size_t room, const struct tp_stun_request *req)
{
	struct wr w = wr_to(out, room);
	uint8_t value[TP_STUN_MAX] = { 0 };
	struct wr v = wr_to(value, 8);

	write_header(&w, 0x0001, req->transaction);
	if (req->username)
		write_attr(&w, ATTR_USERNAME, req->username, strlen(req->username));
	wr_u32(&v, req->priority);
	write_attr(&w, ATTR_PRIORITY, value, 4);
	v = wr_to(value, 8);
	wr_u64(&v, req->tie_breaker);
	write_attr(&w, req->controlled ? ATTR_CONTROLLED : ATTR_CONTROLLING, value, 8);
	if (req->use_candidate)
		write_attr(&w, ATTR_USE_CANDIDATE, value, 0);
	if (req->nomination) {
		v = wr_to(value, 8);
		wr_u32(&v, req->nomination);
		write_attr(&w, ATTR_NOMINATION, value, 4);
	}
	if (req->padding_attribute && req->padding_attribute < sizeof value) {
		memset(value, 0x55, req->padding_attribute);
		write_attr(&w, ATTR_UNKNOWN_OPTIONAL, value, req->padding_attribute);
	}
	if (req->password && w.ok)
		add_integrity(&w, out, req->password, req->bad_integrity);
	if (!req->no_fingerprint && w.ok)
		add_fingerprint(&w, out);
	return finish(&w, out);
}

static size_t xor_address(uint8_t value[20], const struct sockaddr *addr, const uint8_t transaction[12])
{
	struct wr w = wr_to(value, 20);
	wr_u8(&w, 0);
	if (addr->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)addr;
		wr_u8(&w, 1);
		wr_u16(&w, ntohs(in->sin_port) ^ (MAGIC >> 16));
		wr_u32(&w, ntohl(in->sin_addr.s_addr) ^ MAGIC);
		return 8;
	}
	const struct sockaddr_in6 *in6 = (const void *)addr;
	uint8_t mask[16] = { 0x21, 0x12, 0xA4, 0x42 };
	memcpy(mask + 4, transaction, 12);
	wr_u8(&w, 2);
	wr_u16(&w, ntohs(in6->sin6_port) ^ (MAGIC >> 16));
	for (int i = 0; i < 16; i++)
		wr_u8(&w, in6->sin6_addr.s6_addr[i] ^ mask[i]);
	return 20;
}

size_t tp_stun_write_success(uint8_t *out, size_t room, const uint8_t transaction[12], const struct sockaddr *mapped,
	const char *password)
{
	struct wr w = wr_to(out, room);
	uint8_t value[20];
	write_header(&w, 0x0101, transaction);
	write_attr(&w, ATTR_XOR_MAPPED, value, xor_address(value, mapped, transaction));
	if (!w.ok)
		return 0;
	add_integrity(&w, out, password, false);
	add_fingerprint(&w, out);
	return finish(&w, out);
}

static void read_mapped(struct sockaddr_storage *out, struct rd value, const uint8_t transaction[12])
{
	rd_u8(&value);
	uint8_t family = rd_u8(&value);
	uint16_t port = rd_u16(&value) ^ (MAGIC >> 16);
	if (family == 1 && rd_left(&value) == 4) {
		struct sockaddr_in *in = (void *)out;
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		in->sin_addr.s_addr = htonl(rd_u32(&value) ^ MAGIC);
	} else if (family == 2 && rd_left(&value) == 16) {
		struct sockaddr_in6 *in6 = (void *)out;
		uint8_t mask[16] = { 0x21, 0x12, 0xA4, 0x42 };
		memcpy(mask + 4, transaction, 12);
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(port);
		for (int i = 0; i < 16; i++)
			in6->sin6_addr.s6_addr[i] = rd_u8(&value) ^ mask[i];
	}
}

bool tp_stun_read(struct tp_stun_message *out, const uint8_t *bytes, size_t len)
{
	struct rd r = rd_from(bytes, len);
	uint16_t type = rd_u16(&r);
	uint16_t body = rd_u16(&r);

	memset(out, 0, sizeof *out);
	if (rd_u32(&r) != MAGIC || (type & 0xc000) || body % 4 || (size_t)body + HEADER != len)
		return false;
	out->class = (enum tp_stun_class)((type >> 4 & 1) | (type >> 7 & 2));
	out->method = (type & 0xf) | (type >> 1 & 0x70) | (type >> 2 & 0xf80);
	memcpy(out->transaction, r.p, 12);
	rd_skip(&r, 12);

	while (rd_left(&r) >= 4) {
		size_t at = (size_t)(r.p - bytes);
		uint16_t attr = rd_u16(&r);
		uint16_t alen = rd_u16(&r);
		struct rd value = rd_sub(&r, alen);
		rd_skip(&r, (4 - alen % 4) % 4);
		if (!r.ok)
			return false;
		switch (attr) {
		case ATTR_USERNAME:
			if (alen < sizeof out->username)
				memcpy(out->username, value.p, alen);
			break;
		case ATTR_INTEGRITY:
			if (alen != 20)
				return false;
			out->has_integrity = true;
			out->integrity_at = at;
			break;
		case ATTR_USE_CANDIDATE:
			out->use_candidate = true;
			break;
		case ATTR_ERROR:
			rd_u16(&value);
			out->error_code = (uint16_t)(rd_u8(&value) * 100);
			out->error_code = (uint16_t)(out->error_code + rd_u8(&value));
			break;
		case ATTR_XOR_MAPPED:
			read_mapped(&out->mapped, value, out->transaction);
			break;
		case ATTR_FINGERPRINT:
			out->has_fingerprint = true;
			out->fingerprint_ok = rd_u32(&value) == ((uint32_t)crc32(0, bytes, (uInt)at) ^ FINGERPRINT_XOR);
			break;
		}
	}
	return r.ok && !rd_left(&r);
}

bool tp_stun_integrity_ok(const struct tp_stun_message *msg, const uint8_t *bytes, const char *password)
{
	uint8_t mac[20];
	if (!msg->has_integrity)
		return false;
	integrity_hash(mac, bytes, msg->integrity_at, password);
	return memcmp(mac, bytes + msg->integrity_at + 4, 20) == 0;
}
