/* base: serial numbers, lists, cursors, the packet pool, counters, log lines. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "bytes.h"
#include "check.h"
#include "counters.h"
#include "list.h"
#include "log.h"
#include "packet_pool.h"
#include "rand.h"
#include "seq.h"

static void serials(void)
{
	check("seq: newer over the wrap", seq16_newer(2, 65534) && !seq16_newer(65534, 2) && !seq16_newer(5, 5));
	check("seq: half the circle away is older", seq16_diff(0x8000, 0) < 0 && seq16_diff(0x7fff, 0) > 0);
	check("seq: 32 bits", seq32_newer(1, 0xffffffff) && seq32_diff(0, 1) == -1);
	uint64_t at = seq16_first(65530);
	check("seq: unwrap up", seq16_unwrap(at, 4) == at + 10);
	check("seq: unwrap down", seq16_unwrap(at, 65000) == at - 530);
	check("seq: below the first", seq16_unwrap(seq16_first(3), 65535) == seq16_first(3) - 4);
	check("seq: 32 bits unwrap", seq32_unwrap(seq32_first(0xfffffff0), 0x10) == seq32_first(0xfffffff0) + 0x20);
}

struct item { int n; struct list link; };

static void lists(void)
{
	struct list head;
	struct item items[4];
	int sum = 0, seen = 0;

	list_init(&head);
	check("list: empty", list_empty(&head) && !list_first(&head));
	for (int i = 0; i < 4; i++) {
		items[i].n = i;
		list_add_tail(&head, &items[i].link);
	}
	list_each_safe(at, &head) {
		struct item *item = list_entry(at, struct item, link);
		if (item->n % 2)
			list_remove(&item->link);
	}
	list_remove(&items[1].link);
	list_add_head(&head, &items[1].link);
	list_each(at, &head) {
		sum = sum * 10 + list_entry(at, struct item, link)->n;
		seen++;
	}
	check("list: removed and added", seen == 3 && sum == 102);
}

static void cursors(void)
{
	uint8_t bytes[16] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };
	struct rd r = rd_from(bytes, 9);

	check("rd: numbers", rd_u8(&r) == 1 && rd_u16(&r) == 0x0203 && rd_u24(&r) == 0x040506 && r.ok && rd_left(&r) == 3);
	check("rd: a short read gives zero and stays", rd_u32(&r) == 0 && !r.ok && rd_u8(&r) == 0 && rd_left(&r) == 0);
	r = rd_from(bytes, 9);
	struct rd sub = rd_sub(&r, 4);
	check("rd: a chunk ends where it ends", rd_u32(&sub) == 0x01020304 && sub.ok && !rd_has(&sub, 1) && rd_u8(&r) == 5);
	sub = rd_sub(&r, 5);
	check("rd: a chunk too long poisons both", !r.ok && !sub.ok);
	struct wr w = wr_to(bytes, 7);
	wr_u8(&w, 1);
	wr_u32(&w, 0x02030405);
	wr_u16(&w, 0x0607);
	check("wr: full", w.ok && bytes[6] == 7);
	wr_u8(&w, 9);
	check("wr: no more", !w.ok && bytes[7] == 8);
}

static void pools(void)
{
	struct packet_pool *pool = NULL;
	struct packet *all[3];

	check("pool: sizes that make no sense", packet_pool_create(&pool, 0) == -EINVAL && packet_pool_create(&pool, (1 << 20) + 1) == -EINVAL);
	if (packet_pool_create(&pool, 3) < 0)
		abort();
	for (int i = 0; i < 3; i++)
		all[i] = packet_pool_get(pool);
	check("pool: exhausted", all[2] && !packet_pool_get(pool) && pool->exhausted == 1 && pool->available == 0);
	check("pool: room on both sides", packet_headroom(all[0]) == PACKET_HEADROOM &&
		packet_tailroom(all[0]) == PACKET_ROOM + PACKET_TAILROOM);
	packet_ref(all[1]);
	packet_unref(all[1]);
	check("pool: held while somebody holds it", pool->available == 0);
	packet_unref(all[1]);
	check("pool: the last returned comes first", packet_pool_get(pool) == all[1]);
	for (int i = 0; i < 3; i++)
		packet_unref(all[i]);
	check("pool: all back", pool->available == 3);
	packet_pool_destroy(pool);
	packet_pool_destroy(NULL);
}

static void counting(void)
{
	static struct counters a, b;
	const struct counters *blocks[] = { &a, &b };
	uint64_t sum[COUNTER_COUNT];

	count(&a, COUNTER_rtp_rx);
	count_add(&b, COUNTER_rtp_rx, 41);
	count(&b, COUNTER_link_event_dropped);
	counters_sum(sum, blocks, 2);
	check("counters: summed", sum[COUNTER_rtp_rx] == 42 && sum[COUNTER_link_event_dropped] == 1 && sum[COUNTER_rx_packets] == 0);
	check("counters: named", strcmp(counter_name(COUNTER_rtp_rx), "rtp_rx") == 0 && !*counter_name(COUNTER_COUNT));
	check("counters: each thread its own cache lines", sizeof(struct counters) % 64 == 0);
}

static const struct {
	const char *name;
	uint64_t unix_us;
	const char *value;
	const char *line;
} lines[] = {
	{ "log: plain", 0, "kV0_a-b.c:d/e@f+g,h", "1970-01-01T00:00:00.000000Z info a.b k=kV0_a-b.c:d/e@f+g,h n=-7\n" },
	{ "log: a leap day", 1709164799999999, "x", "2024-02-28T23:59:59.999999Z info a.b k=x n=-7\n" },
	{ "log: the leap day", 1709164800000001, "x", "2024-02-29T00:00:00.000001Z info a.b k=x n=-7\n" },
	{ "log: no leap in 2100", 4107542400000000, "x", "2100-03-01T00:00:00.000000Z info a.b k=x n=-7\n" },
	{ "log: the end of a year", 1798761599000000, "x", "2026-12-31T23:59:59.000000Z info a.b k=x n=-7\n" },
	{ "log: empty", 0, "", "1970-01-01T00:00:00.000000Z info a.b k=\"\" n=-7\n" },
	{ "log: spaces and quotes", 0, "a \"b\" \\", "1970-01-01T00:00:00.000000Z info a.b k=\"a \\\"b\\\" \\\\\" n=-7\n" },
	{ "log: no second line", 0, "a\nb\r\x1b[0m\x7f", "1970-01-01T00:00:00.000000Z info a.b k=\"a\\nb\\x0d\\x1b[0m\\x7f\" n=-7\n" },
	{ "log: no second field", 0, "a k=b", "1970-01-01T00:00:00.000000Z info a.b k=\"a k=b\" n=-7\n" },
	{ "log: an equals sign", 0, "a=b", "1970-01-01T00:00:00.000000Z info a.b k=\"a=b\" n=-7\n" },
	{ "log: Vietnamese", 0, "h\xe1\xbb\x8dp k\xc3\xadn", "1970-01-01T00:00:00.000000Z info a.b k=\"h\xe1\xbb\x8dp k\xc3\xadn\" n=-7\n" },
	{ "log: broken UTF-8", 0, "\xc3(\xff\xc0\xaf\xe2\x82", "1970-01-01T00:00:00.000000Z info a.b k=\"\\xc3(\\xff\\xc0\\xaf\\xe2\\x82\" n=-7\n" },
	{ "log: C1 and direction", 0, "\xc2\x9b\xe2\x80\xae", "1970-01-01T00:00:00.000000Z info a.b k=\"\\xc2\\x9b\\xe2\\x80\\xae\" n=-7\n" },
};

static void log_lines(void)
{
	char line[LOG_LINE_MAX];

	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		struct log_field fields[] = { log_str("k", lines[i].value), log_int("n", -7) };
		size_t len = log_format(line, sizeof line, lines[i].unix_us, LOG_LEVEL_INFO, "a.b", fields, 2);
		check(lines[i].name, len == strlen(lines[i].line) && memcmp(line, lines[i].line, len) == 0);
	}
	char value[5001];
	memset(value, 'v', 5000);
	value[5000] = 0;
	struct log_field many[20];
	for (int i = 0; i < 20; i++)
		many[i] = log_str("k", value);
	size_t len = log_format(line, sizeof line, 0, LOG_LEVEL_WARN, "e", many, 1);
	check("log: a long value is cut", len < 250 && memcmp(line + len - 4, "\xe2\x80\xa6\n", 4) == 0);
	len = log_format(line, sizeof line, 0, LOG_LEVEL_WARN, "e", many, 20);
	check("log: a long line is cut, and ends", len == sizeof line && line[len - 1] == '\n');
	bool ends = true;
	for (size_t room = 1; room < 80; room++)
		ends = ends && (len = log_format(line, room, 0, LOG_LEVEL_WARN, "e", many, 1)) <= room && line[len - 1] == '\n';
	check("log: in any room", ends && log_format(line, 0, 0, LOG_LEVEL_WARN, "e", NULL, 0) == 0);
	struct log_field odd[] = { log_int("i", INT64_MIN), log_uint("u", UINT64_MAX), log_bool("b", true), log_errno("e", -ECONNRESET),
		log_errno("x", 9999), log_str("n", NULL) };
	len = log_format(line, sizeof line, 0, LOG_LEVEL_ERROR, "e", odd, 6);
	const char *expected = "1970-01-01T00:00:00.000000Z error e i=-9223372036854775808 u=18446744073709551615 b=true e=ECONNRESET x=9999 n=\"\"\n";
	check("log: numbers, errors, nothing", len == strlen(expected) && memcmp(line, expected, len) == 0);
	enum log_level level;
	check("log: levels by name", log_level_from_name(&level, "warn") && level == LOG_LEVEL_WARN && !log_level_from_name(&level, "loud"));
}

static void log_written(void)
{
	int fds[2];
	char got[500] = { 0 };

	if (pipe(fds) < 0)
		abort();
	log_set_fd(fds[1]);
	log_debug("not.this");
	log_info("room.opened");
	log_warn("peer.closed", log_str("room", "kV0"), log_int("rtt_us", 812));
	ssize_t n = read(fds[0], got, sizeof got - 1);
	check("log: the level is kept", n > 0 && !strstr(got, "not.this") && strstr(got, "Z info room.opened\n"));
	check("log: fields", strstr(got, "Z warn peer.closed room=kV0 rtt_us=812\n"));
	log_set_level(LOG_LEVEL_ERROR);
	errno = 77;
	log_info("not.this");
	close(fds[0]);
	close(fds[1]);
	log_set_fd(2);
	check("log: errno is left alone", errno == 77);
}

int main(void)
{
	serials();
	lists();
	cursors();
	pools();
	counting();
	log_lines();
	log_written();
	check("rand: not the same twice", rand_u64() != rand_u64());
	return check_done();
}
