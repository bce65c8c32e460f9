/* Passwords: what is refused, what is made, and hashing on threads. */
#include <poll.h>
#include <sodium.h>
#include <stdlib.h>

#include <string.h>

#include "check.h"
#include "hash_pool.h"
#include "password.h"
#include "secret_token.h"

static const struct { const char *password, *name; bool good; } table[] = {
	{ "bay hoa sen trong ho", "lan", true }, { "Mùa xuân đến rồi", "lan", true }, { "x7$kQ!m2pL", "lan", true },
	{ "correct horse battery", NULL, true }, { "4815162342481516", NULL, true },
	{ "short", "lan", false }, { "ninechars", "lan", false }, { "aaaaaaaaaaaaaaa", NULL, false }, { "abababababab", NULL, false },
	{ "0123456789", NULL, false }, { "1234567890", NULL, false }, { "9876543210", NULL, false }, { "abcdefghijkl", NULL, false },
	{ "0912345678", NULL, false }, { "01/01/1990 ", NULL, false }, { "password123!", NULL, false }, { "P@ssw0rd12345", NULL, true },
	{ "Matkhau@2026", NULL, false }, { "matkhau123456", NULL, false }, { "Qwertyuiop1", NULL, false }, { "hopkin2026!!", NULL, false },
	{ "nguyenlan2026", "nguyen.lan", false }, { "nguyenlan2026", "minh", true }, { "vietnam12345", NULL, false },
	{ "has a \x01 control", NULL, false }, { "broken \xc3\x28 text here", NULL, false }, { "", NULL, false },
};

static int answers;
static bool verdicts[4];
static char made[128];

static void verified(void *arg, bool right)
{
	verdicts[*(int *)arg] = right;
	answers++;
}

static void hashed(void *arg, const char *hash)
{
	snprintf(made, sizeof made, "%s", hash);
	answers++;
}

static void wait_for(struct inbox *inbox, int n)
{
	for (int i = 0; i < 300 && answers < n; i++) {
		struct pollfd p = { .fd = inbox_fd(inbox), .events = POLLIN };
		if (poll(&p, 1, 100) > 0)
			inbox_drain(inbox);
	}
}

static void pool(void)
{
	static int zero = 0, one = 1, two = 2, three = 3;
	struct inbox *inbox;
	struct hash_pool *p;
	inbox_create(&inbox);
	check("the pool starts", hash_pool_create(&p, inbox) == 0);
	hash_pool_make(p, "bay hoa sen", hashed, NULL);
	wait_for(inbox, 1);
	check("a hash is Argon2id", strncmp(made, "$argon2id$", 10) == 0);
	hash_pool_verify(p, HASH_ACCOUNTS, made, "bay hoa sen", verified, &zero);
	hash_pool_verify(p, HASH_ACCOUNTS, made, "bay hoa sem", verified, &one);
	hash_pool_verify(p, HASH_ACCOUNTS, NULL, "bay hoa sen", verified, &two);
	hash_pool_verify(p, HASH_ACCOUNTS, "no hash at all", "bay hoa sen", verified, &three);
	wait_for(inbox, 5);
	check("the right password is right", verdicts[0]);
	check("a wrong one is wrong", !verdicts[1]);
	check("no account has no password", !verdicts[2] && !verdicts[3]);
	int taken = 0;
	while (taken < 1000 && hash_pool_verify(p, HASH_ACCOUNTS, NULL, "x", verified, &two) == 0)
		taken++;
	check("the queue is bounded", taken >= 126 && taken <= 132);
	answers = 0;
	hash_pool_verify(p, HASH_ROOMS, made, "bay hoa sen", verified, &three);
	for (int i = 0; i < 300 && !verdicts[3]; i++)
		wait_for(inbox, answers + 1);
	check("a full queue does not hold up the other", verdicts[3] && answers < 20);
	hash_pool_destroy(p);
	inbox_drain(inbox);
	inbox_destroy(inbox);
}

int main(void)
{
	if (sodium_init() < 0)
		return 1;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		char what[80];
		snprintf(what, sizeof what, "password %zu is %s", i, table[i].good ? "accepted" : "refused");
		check(what, password_acceptable(table[i].password, table[i].name) == table[i].good);
	}
	char many[2000];
	memset(many, 'x', sizeof many);
	memcpy(many, "abcdefgz", 8);
	many[256] = '\0';
	check("256 characters are accepted", password_acceptable(many, NULL));
	many[256] = 'x';
	many[257] = '\0';
	check("257 are not", !password_acceptable(many, NULL));

	static char seen[2000][PASSWORD_GENERATED_BYTES];
	bool good = true, twice = false;
	for (int i = 0; i < 2000; i++) {
		password_generate(seen[i]);
		good &= room_password_acceptable(seen[i]) && strspn(seen[i], "abcdefghijklmnopqrstuvwxyz-0123456789") == strlen(seen[i]);
		for (int j = 0; j < i && !twice; j++)
			twice = strcmp(seen[i], seen[j]) == 0;
	}
	check("generated ones are good enough", good);
	check("and differ", !twice);

	char id[23], token[44];
	uint8_t a[32], b[32];
	random_id(id);
	check("an id has its form", random_id_valid(id) && !random_id_valid("short") && !random_id_valid("AAAAAAAAAAAAAAAAAAAAA!"));
	secret_token_make(token);
	check("a token has a hash", secret_token_hash(a, token) && secret_token_hash(b, token) && !memcmp(a, b, 32));
	check("what is no token has none", !secret_token_hash(a, "x") && !secret_token_hash(a, NULL) && !secret_token_hash(a, ""));
	pool();
	return check_done();
}
