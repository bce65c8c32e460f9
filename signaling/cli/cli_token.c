/* hopkin room token: by which devices (an encoder, a wall display) enter a room. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli.h"
#include "display_name.h"
#include "secret_token.h"

enum { URL_ROOM = 600, DAYS_MOST = 3650 };

struct wish {
	bool publish, view, list;
	const char *name, *days, *revoke;
	const char *room;               /* its id, once it is found */
};

static int stored(const struct cli *cli, int err)
{
	if (err == -ENOENT)
		return cli_fail(cli, CLI_NOT_FOUND, "no_such_token", "no such token of this room");
	return err ? cli_fail(cli, CLI_FAILED, "not_stored", "not stored: %s", strerror(-err)) : CLI_OK;
}

static const char *right_of(const struct token_record *t)
{
	return t->publish ? "publish" : "view";
}

/* What the wish says of one thing to do: exactly one of the four. */
static int check_wish(const struct cli *cli, const struct wish *w)
{
	if (w->publish + w->view + w->list + (w->revoke != NULL) != 1)
		return cli_fail(cli, CLI_USAGE, "usage", "expected one of --publish, --view, --list and --revoke ID");
	if (cli->word_count != 1)
		return cli_fail(cli, CLI_USAGE, "bad_id", "expected one room: its id, the 22 characters at the end of its address, or its title");
	if (w->revoke && !random_id_valid(w->revoke))
		return cli_fail(cli, CLI_USAGE, "bad_id", "--revoke: expected the id of a token, as --list tells it");
	return CLI_OK;
}

/* By its id; or by its title, if only one room has it. */
static int find_room(const struct cli *cli, const struct store_snapshot *all, struct wish *w)
{
	const char *word = cli->words[0];
	size_t titled = 0;

	for (size_t i = 0; i < all->room_count; i++) {
		const struct room_record *r = &all->rooms[i];
		if (!strcmp(r->id, word)) {
			w->room = r->id;
			return CLI_OK;
		}
		if (!strcmp(r->title, word)) {
			w->room = r->id;
			titled++;
		}
	}
	if (titled > 1)
		return cli_fail(cli, CLI_CONFLICT, "many_rooms", "%zu rooms have this title: name one by its id", titled);
	return titled ? CLI_OK : cli_fail(cli, CLI_NOT_FOUND, "no_such_room", "no such room");
}

static int fill(const struct cli *cli, const struct wish *w, const struct store_snapshot *all, struct token_record *t)
{
	char *end = "";
	long days = w->days ? strtol(w->days, &end, 10) : 0;
	size_t count = 0;

	if (!display_name_normalise(t->name, sizeof t->name, w->name ? w->name : "Thiết bị", STORE_DISPLAY_CHARS))
		return cli_fail(cli, CLI_USAGE, "bad_name", "--name: expected 1 to 64 characters");
	if (*end || days < 0 || days > DAYS_MOST || (w->days && !days))
		return cli_fail(cli, CLI_USAGE, "bad_days", "--days: expected a number from 1 to %d", DAYS_MOST);
	snprintf(t->room, sizeof t->room, "%s", w->room);
	for (size_t i = 0; i < all->token_count; i++)
		count += !strcmp(all->tokens[i].room, t->room);
	if (count >= STORE_ROOM_TOKENS_MOST)
		return cli_fail(cli, CLI_CONFLICT, "too_many", "this room has %d tokens already: revoke one", STORE_ROOM_TOKENS_MOST);
	t->publish = w->publish;
	t->created_s = time(NULL);
	t->expires_s = days ? t->created_s + days * 86400 : 0;
	random_id(t->id);
	return CLI_OK;
}

static int make(struct cli *cli, const struct wish *w, const struct store_snapshot *all)
{
	struct store_change c = { .kind = CHANGE_TOKEN_ADD };
	struct token_record *t = &c.token;
	char token[SECRET_TOKEN_CHARS + 1], url[URL_ROOM];
	int status = fill(cli, w, all, t);

	if (status)
		return status;
	secret_token_make(token);
	secret_token_hash(t->token_hash, token);
	status = stored(cli, store_apply(cli->store, &c, 1, NULL));
	if (!status) {
		settings_main_url(&cli->settings, url, URL_ROOM - STORE_ID_CHARS - 8);
		strcat(strcat(url, t->publish ? "/whip/" : "/whep/"), t->room);
		cli_say(cli, json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:s}", "id", t->id, "room", t->room, "name", t->name, "right", right_of(t),
			"address", url, "expires", (json_int_t)t->expires_s, "token", token), "%s\ntoken, shown this once: %s\n", url, token);
	}
	explicit_bzero(token, sizeof token);
	return status;
}

static int list(const struct cli *cli, const struct wish *w, const struct store_snapshot *all)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < all->token_count; i++) {
		const struct token_record *t = &all->tokens[i];
		if (strcmp(t->room, w->room))
			continue;
		json_array_append_new(rows, json_pack("{s:s, s:s, s:s, s:I, s:I, s:I}", "id", t->id, "name", t->name, "right", right_of(t),
			"created", (json_int_t)t->created_s, "used", (json_int_t)t->used_s, "expires", (json_int_t)t->expires_s));
		if (!cli->json)
			printf("%s %s %s\n", t->id, right_of(t), t->name);
	}
	return cli_say(cli, json_pack("{s:o}", "tokens", rows), "%s", "");
}

static int revoke(struct cli *cli, const struct wish *w)
{
	struct store_change c = { .kind = CHANGE_TOKEN_REMOVE };

	snprintf(c.token.id, sizeof c.token.id, "%s", w->revoke);
	snprintf(c.token.room, sizeof c.token.room, "%s", w->room);
	int status = stored(cli, store_apply(cli->store, &c, 1, NULL));
	return status ? status : cli_say(cli, json_pack("{s:s}", "id", w->revoke), "%s is good no longer\n", w->revoke);
}

int cli_room_token(int argc, char *const argv[])
{
	struct wish w = { .name = NULL };
	const struct cli_option options[] = {
		{ "--publish", NULL, &w.publish }, { "--view", NULL, &w.view }, { "--list", NULL, &w.list }, { "--name", &w.name, NULL },
		{ "--days", &w.days, NULL }, { "--revoke", &w.revoke, NULL }, { 0 },
	};
	struct cli cli;
	struct store_snapshot *all = NULL;
	int status = cli_begin(&cli, argc, argv, options);

	if (!status)
		status = check_wish(&cli, &w);
	if (!status)
		status = cli_read_store(&cli, &all);
	if (!status)
		status = find_room(&cli, all, &w);
	if (!status)
		status = w.list ? list(&cli, &w, all) : w.revoke ? revoke(&cli, &w) : make(&cli, &w, all);
	store_snapshot_destroy(all);
	cli_end(&cli);
	return status;
}
