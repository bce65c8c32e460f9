/* Accounts and sessions through hashing and the store: who comes in, who does not, what ends whose session. */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "auth.h"
#include "check.h"

static const char password[] = "bay hoa sen trong ho", other[] = "muoi con meo nam ngu";
static const struct client_address here = { .ip = { [10] = 0xff, [11] = 0xff, 192, 0, 2, 1 } };

static char folder[] = "/tmp/hopkin-auth-XXXXXX";
static char path[64];
static struct inbox *inbox;
static struct auth *auth;
static int64_t now_s = 1000000, now_us = 5000000;

static struct auth_answer answer;
static bool answered;
static int ended_all, ended_one;
static int64_t ended_of;

static void done(void *arg, const struct auth_answer *a)
{
	answer = *a;
	answered = true;
}

static void sessions_ended(void *arg, int64_t account, const uint8_t *one, const uint8_t *except)
{
	ended_of = account;
	*(one ? &ended_one : &ended_all) += 1;
}

static void changed(void *arg, struct store_snapshot *snapshot)
{
	if (auth)
		auth_replace(auth, snapshot);
	store_snapshot_destroy(snapshot);
}

static void turn(void)
{
	struct pollfd p = { .fd = inbox_fd(inbox), .events = POLLIN };
	if (poll(&p, 1, 100) > 0)
		inbox_drain(inbox);
}

static enum auth_result wait_answer(void)
{
	for (int i = 0; i < 200 && !answered; i++)
		turn();
	answered = false;
	return answer.result;
}

static enum auth_result login(const char *name, const char *word, bool admin)
{
	auth_login(auth, name, word, &here, admin, now_s, now_us, done, NULL);
	return wait_answer();
}

static enum auth_result use(const char *token, const char *word, const char *name, const char *display, bool admin)
{
	auth_link_use(auth, token, word, name, display, admin, now_s, done, NULL);
	return wait_answer();
}

static bool standing(const char *token, bool admin)
{
	struct identity who;
	return auth_session(auth, token, admin, now_s, &who);
}

static void first_administrator(void)
{
	char token[44];
	struct link_look look;
	check("at first there is no administrator", !auth_has_admin(auth));
	auth_setup_link(auth, now_s, done, NULL);
	check("a set-up link is made", wait_answer() == AUTH_OK);
	auth_setup_link(auth, now_s, done, NULL);
	char old[44];
	memcpy(old, answer.token, sizeof old);
	wait_answer();
	memcpy(token, answer.token, sizeof token);
	check("a new one ends the old one", !auth_link_look(auth, old, now_s, &look) && auth_link_look(auth, token, now_s, &look));
	check("it is of its kind", look.kind == LINK_SETUP && !look.name[0]);
	check("it ends after a day", !auth_link_look(auth, token, now_s + 24 * 3600, &look));
	check("it works on the administration listener alone", use(token, password, "lan", "Lan Anh", false) == AUTH_WRONG);
	check("a weak password is refused", use(token, "1234567890", "lan", "Lan Anh", true) == AUTH_WEAK);
	check("a bad name is refused", use(token, password, "Lan Anh", "Lan Anh", true) == AUTH_BAD_NAME && !answer.bad_display);
	check("a bad display name is refused", use(token, password, "lan", "Lan\nAnh", true) == AUTH_BAD_NAME && answer.bad_display);
	check("then it makes the administrator", use(token, password, "lan", " Lan  Anh ", true) == AUTH_OK);
	check("who is signed in", standing(answer.token, true) && answer.who.role == ROLE_ADMIN && !strcmp(answer.who.display, "Lan Anh"));
	check("on that listener alone", !standing(answer.token, false));
	check("the link is used up", use(token, password, "hoa", "Hoa", true) == AUTH_WRONG);
	auth_setup_link(auth, now_s, done, NULL);
	check("and no other can be made", wait_answer() != AUTH_OK);
}

static void invitation(char minh[44])
{
	auth_invite(auth, "minh", "Minh Đức", ROLE_MEMBER, now_s, done, NULL);
	check("someone is invited", wait_answer() == AUTH_OK);
	char token[44];
	memcpy(token, answer.token, sizeof token);
	check("and pending", auth_pending(auth_account_named(auth, "minh")));
	check("who is pending cannot sign in", login("minh", "", false) == AUTH_WRONG);
	auth_invite(auth, "minh", "Minh", ROLE_MEMBER, now_s, done, NULL);
	check("the name is taken", wait_answer() == AUTH_NAME_TAKEN);
	check("a member is not let into administration", use(token, password, NULL, NULL, true) == AUTH_NOT_ALLOWED);
	check("the invitation is used", use(token, other, NULL, NULL, false) == AUTH_OK && answer.who.role == ROLE_MEMBER);
	check("once", use(token, other, NULL, NULL, false) == AUTH_WRONG);
	memcpy(minh, answer.token, 44);
	check("signing in works", login("minh", other, false) == AUTH_OK);
	memcpy(minh, answer.token, 44);
	check("in capitals too", login("MINH", other, false) == AUTH_OK);
	check("the wrong password does not", login("minh", password, false) == AUTH_WRONG && !answer.token[0]);
	check("nor an account that is not", login("nobody", password, false) == AUTH_WRONG);
	check("a member cannot sign in to administration", login("minh", other, true) == AUTH_NOT_ALLOWED && !answer.token[0]);
}

static void sessions(const char *minh)
{
	struct identity who;
	check("a session stands", standing(minh, false));
	check("a made-up token does not", !standing("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", false) && !standing("", false));
	check("idle for 12 hours it ends", !auth_session(auth, minh, false, now_s + 12 * 3600, &who));
	login("minh", other, false);
	char second[44];
	memcpy(second, answer.token, sizeof second);
	auth_session(auth, second, false, now_s, &who);
	ended_one = 0;
	auth_logout(auth, &who, done, NULL);
	check("signing out ends one session", wait_answer() == AUTH_OK && !standing(second, false) && standing(minh, false) && ended_one == 1);

	auth_session(auth, minh, false, now_s, &who);
	auth_change_password(auth, &who, password, "chin con chim se", &here, now_us, done, NULL);
	check("a password is not changed without the old one", wait_answer() == AUTH_WRONG);
	auth_change_password(auth, &who, other, "minh12345678", &here, now_us, done, NULL);
	check("nor to a weak one", wait_answer() == AUTH_WEAK);
	login("minh", other, false);
	memcpy(second, answer.token, sizeof second);
	ended_all = 0;
	auth_change_password(auth, &who, other, "chin con chim se", &here, now_us, done, NULL);
	check("changing it ends every other session", wait_answer() == AUTH_OK && standing(minh, false) && !standing(second, false) && ended_all == 1);
	check("the old password is over", login("minh", other, false) == AUTH_WRONG && login("minh", "chin con chim se", false) == AUTH_OK);
	for (int i = 0; i < 20; i++) {
		now_s++;
		login("minh", "chin con chim se", false);
	}
	check("at most 20 sessions: the one seen longest ago ends", !standing(minh, false) && standing(answer.token, false));
}

static void people(void)
{
	const struct account_record *lan = auth_account_named(auth, "lan"), *minh = auth_account_named(auth, "minh");
	int64_t lan_id = lan->id, minh_id = minh->id;
	enum role member = ROLE_MEMBER, host = ROLE_HOST, admin = ROLE_ADMIN;
	bool yes = true, no = false;
	char token[44];
	memcpy(token, answer.token, sizeof token);

	auth_change(auth, lan_id, &(struct account_change){ .role = &member }, done, NULL);
	check("the last administrator keeps the role", wait_answer() == AUTH_LAST_ADMIN && auth_account(auth, lan_id)->role == ROLE_ADMIN);
	auth_change(auth, lan_id, &(struct account_change){ .disabled = &yes }, done, NULL);
	check("and is not disabled", wait_answer() == AUTH_LAST_ADMIN && !auth_account(auth, lan_id)->disabled);
	ended_all = 0;
	auth_change(auth, minh_id, &(struct account_change){ .role = &host }, done, NULL);
	check("a new role ends the sessions", wait_answer() == AUTH_OK && ended_all == 1 && ended_of == minh_id && !standing(token, false));
	auth_change(auth, minh_id, &(struct account_change){ .display = "Minh Đức" }, done, NULL);
	check("a new display name does not", wait_answer() == AUTH_OK && ended_all == 1);
	auth_change(auth, minh_id, &(struct account_change){ .disabled = &yes }, done, NULL);
	check("disabling ends them", wait_answer() == AUTH_OK && ended_all == 2);
	check("and keeps the person out", login("minh", "chin con chim se", false) == AUTH_WRONG);
	auth_change(auth, minh_id, &(struct account_change){ .disabled = &no, .role = &admin }, done, NULL);
	wait_answer();
	check("enabled, they are in again", login("minh", "chin con chim se", false) == AUTH_OK);
	auth_change(auth, lan_id, &(struct account_change){ .role = &member }, done, NULL);
	check("with another administrator the first may go", wait_answer() == AUTH_OK);
	auth_reset(auth, minh_id, now_s, done, NULL);
	check("a reset makes a link", wait_answer() == AUTH_OK);
	memcpy(token, answer.token, sizeof token);
	struct link_look look;
	check("of its kind", auth_link_look(auth, token, now_s, &look) && look.kind == LINK_RESET && !strcmp(look.name, "minh"));
	check("until then the old password works", login("minh", "chin con chim se", false) == AUTH_OK);
	check("then the new one", use(token, password, NULL, NULL, false) == AUTH_OK && login("minh", "chin con chim se", false) == AUTH_WRONG);
	auth_change(auth, 4711, &(struct account_change){ .role = &host }, done, NULL);
	check("nobody cannot be changed", wait_answer() == AUTH_NOT_FOUND);
}

/* What another process writes takes effect here. */
static void elsewhere(void)
{
	struct store *store;
	login("minh", password, false);
	char token[44];
	memcpy(token, answer.token, sizeof token);
	int64_t minh = answer.who.account;
	store_open(&store, path);
	struct store_change c[2] = { { .kind = CHANGE_ACCOUNT_DISABLED }, { .kind = CHANGE_SESSIONS_REMOVE_OF } };
	c[0].account.id = minh;
	c[0].account.disabled = true;
	c[1].session.account = minh;
	ended_one = 0;
	store_apply(store, c, 2, NULL);
	for (int i = 0; i < 50 && !ended_one; i++)
		turn();
	check("disabled from the command line, sessions end", ended_one > 0 && !standing(token, false));
	check("and the person stays out", login("minh", password, false) == AUTH_WRONG);
	store_close(store);
}

/* The wall clock is not ours: it is put right, forwards or back, while people are signed in. */
static void clock_jumps(void)
{
	enum { HOUR = 3600, DAY = 24 * HOUR };
	const int64_t right_s = now_s, right_us = now_us;
	char token[44];
	struct link_look look;

	now_us += 3600000000;
	login("lan", password, false);
	memcpy(token, answer.token, sizeof token);
	now_s = right_s + 11 * HOUR;
	check("clock 11 h ahead: a session stands", standing(token, false));
	now_s = right_s - 30 * DAY;
	check("clock a month back: it stands", standing(token, false));
	check("clock a month back: one signs in", login("lan", password, false) == AUTH_OK && standing(answer.token, false));
	now_s = right_s;
	check("clock right again: who was seen a month ago signs in again", !standing(token, false) && login("lan", password, false) == AUTH_OK);
	memcpy(token, answer.token, sizeof token);
	now_s = right_s + 11 * HOUR;
	standing(token, false);
	now_s = right_s - HOUR;
	standing(token, false);
	now_s = right_s;
	check("ahead, an hour back and right again: it stands", standing(token, false));
	now_s = right_s + 13 * HOUR;
	check("unused for 13 h since: it has ended, however far ahead it was seen", !standing(token, false));

	now_s = right_s;
	auth_invite(auth, "thu", "Thu", ROLE_MEMBER, now_s, done, NULL);
	wait_answer();
	memcpy(token, answer.token, sizeof token);
	now_s = right_s + 365 * DAY;
	check("clock a year ahead: a link has ended", !auth_link_look(auth, token, now_s, &look));
	auth_expire(auth, now_s);
	turn();
	check("clock a year ahead: no account is lost", auth_account_named(auth, "lan") && auth_account_named(auth, "thu"));
	now_s = right_s;
	check("clock right again: one signs in", login("lan", password, false) == AUTH_OK && standing(answer.token, false));

	enum auth_result last = AUTH_WRONG;
	for (int i = 0; i < 12 && last == AUTH_WRONG; i++)
		last = login("lan", "khong phai mat khau", false);
	now_s = right_s + DAY;
	check("a clock that jumps frees no guesser", last == AUTH_SLOW_DOWN && login("lan", "khong phai mat khau", false) == AUTH_SLOW_DOWN);
	now_s = right_s;
	now_us = right_us + 2 * 3600000000;
}

static void guessing(void)
{
	enum auth_result last = AUTH_WRONG;
	for (int i = 0; i < 8 && last == AUTH_WRONG; i++)
		last = login("nobody2", "khong phai mat khau", false);
	check("guessing is slowed, also for an account that is not", last == AUTH_SLOW_DOWN && answer.retry_after_s > 0);
}

int main(void)
{
	struct store *store;
	struct store_snapshot *all;
	struct store_thread *thread;
	struct hash_pool *pool;
	char minh[44];
	if (!mkdtemp(folder))
		return 1;
	snprintf(path, sizeof path, "%s/hopkin.db", folder);
	if (inbox_create(&inbox) || store_open(&store, path) || store_read(store, &all) ||
	    store_thread_start(&thread, store, inbox, changed, NULL) || hash_pool_create(&pool, inbox))
		return 1;
	const struct auth_events events = { .sessions_ended = sessions_ended };
	check("auth begins", auth_create(&auth, all, thread, pool, &events) == 0);
	store_snapshot_destroy(all);
	first_administrator();
	invitation(minh);
	sessions(minh);
	people();
	elsewhere();
	clock_jumps();
	guessing();
	hash_pool_destroy(pool);
	store_thread_stop(thread);
	auth_destroy(auth);
	inbox_drain(inbox);
	inbox_destroy(inbox);
	char clean[96];
	snprintf(clean, sizeof clean, "rm -rf %s", folder);
	return system(clean) ? 1 : check_done();
}
