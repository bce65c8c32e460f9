#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli.h"
#include "display_name.h"
#include "hash_pool.h"
#include "password.h"
#include "secret_token.h"

enum { ROOM_LEAST = 2, ROOM_MOST = 500, ROOM_USUAL = 100, URL_ROOM = 600 };

static int stored(const struct cli *cli, int err)
{
	if (!err)
		return CLI_OK;
	if (err == -ENOENT)
		return cli_fail(cli, CLI_NOT_FOUND, "no_such_room", "no such room");
	return cli_fail(cli, CLI_FAILED, "not_stored", "not stored: %s", strerror(-err));
}

static void room_url(const struct cli *cli, const char *id, char out[URL_ROOM])
{
	settings_main_url(&cli->settings, out, URL_ROOM - STORE_ID_CHARS - 4);
	strcat(out, "/r/");
	strcat(out, id);
}

/* The owner: the one named, else the only administrator. */
static int find_owner(const struct cli *cli, const char *name, int64_t *owner)
{
	struct store_snapshot *all = NULL;
	int status = stored(cli, store_read(cli->store, &all));
	*owner = 0;
	for (size_t i = 0; !status && i < all->account_count; i++) {
		const struct account_record *a = &all->accounts[i];
		if (name ? !strcmp(a->name, name) : a->role == ROLE_ADMIN && !a->disabled && !*owner)
			*owner = a->id;
	}
	store_snapshot_destroy(all);
	if (!status && !*owner && name)
		return cli_fail(cli, CLI_NOT_FOUND, "no_such_user", "%s: no such account", name);
	if (!status && !*owner)
		return cli_fail(cli, CLI_NOT_FOUND, "no_owner", "a room needs an owner: make an account first, or name one with --owner");
	return status;
}

static int take_password(const struct cli *cli, bool from_stdin, char *password, size_t room, struct room_record *record)
{
	if (!from_stdin)
		password_generate(password);
	else if (!cli_read_password(cli, true, password, room))
		return CLI_USAGE;
	if (from_stdin && !room_password_acceptable(password))
		return cli_fail(cli, CLI_USAGE, "weak_password", "the password is too weak: 8 characters or more, not a common one");
	if (password_hash_make(record->password_hash, password))
		return cli_fail(cli, CLI_FAILED, "no_memory", "not enough memory to hash a password");
	return CLI_OK;
}

static int fill_room(const struct cli *cli, struct room_record *room, const char *max)
{
	char *end = "";
	long most = max ? strtol(max, &end, 10) : ROOM_USUAL;
	if (cli->word_count != 1 || !display_name_normalise(room->title, sizeof room->title, cli->words[0], STORE_TITLE_CHARS))
		return cli_fail(cli, CLI_USAGE, "bad_title", "expected one title of 1 to 100 characters (in quotes if it has blanks)");
	if (*end || most < ROOM_LEAST || most > ROOM_MOST)
		return cli_fail(cli, CLI_USAGE, "bad_max", "--max: expected a number from 2 to 500");
	room->max = (uint16_t)most;
	room->created_s = time(NULL);
	random_id(room->id);
	return CLI_OK;
}

static int room_add(int argc, char *const argv[])
{
	const char *owner = NULL, *max = NULL;
	bool guests = false, from_stdin = false;
	const struct cli_option options[] = {
		{ "--owner", &owner, NULL }, { "--max", &max, NULL }, { "--guests", NULL, &guests },
		{ "--password-stdin", NULL, &from_stdin }, { 0 },
	};
	struct cli cli;
	struct store_change change = { .kind = CHANGE_ROOM_ADD };
	struct room_record *room = &change.room;
	char password[PASSWORD_MOST_BYTES + 2] = "", url[URL_ROOM];
	int status = cli_begin(&cli, argc, argv, options);
	room->guests = guests;
	if (!status)
		status = fill_room(&cli, room, max);
	if (!status)
		status = cli_open_store(&cli);
	if (!status)
		status = find_owner(&cli, owner, &room->owner);
	if (!status)
		status = take_password(&cli, from_stdin, password, sizeof password, room);
	if (!status)
		status = stored(&cli, store_apply(cli.store, &change, 1, NULL));
	if (!status) {
		room_url(&cli, room->id, url);
		/* a password that was given is not repeated */
		cli_say(&cli, from_stdin ? json_pack("{s:s, s:s, s:s}", "id", room->id, "title", room->title, "url", url) :
			json_pack("{s:s, s:s, s:s, s:s}", "id", room->id, "title", room->title, "url", url, "password", password),
			from_stdin ? "%s\n" : "%s\npassword, shown this once: %s\n", url, password);
	}
	explicit_bzero(password, sizeof password);
	cli_end(&cli);
	return status;
}

static bool room_row(const struct cli *cli, const struct store_snapshot *all, size_t i, json_t *rows)
{
	if (i >= all->room_count)
		return false;
	const struct room_record *r = &all->rooms[i];
	char url[URL_ROOM];
	room_url(cli, r->id, url);
	json_array_append_new(rows, json_pack("{s:s, s:s, s:s, s:b, s:i, s:b, s:I}", "id", r->id, "title", r->title, "url", url,
		"guests", r->guests, "max", r->max, "closed", r->closed, "owner", (json_int_t)r->owner));
	if (!cli->json)
		printf("%s %s%s\n", url, r->title, r->closed ? " (closed)" : "");
	return true;
}

static bool room_exists(const struct store_snapshot *all, const char *id)
{
	for (size_t i = 0; i < all->room_count; i++)
		if (!strcmp(all->rooms[i].id, id))
			return true;
	return false;
}

static int room_remove(int argc, char *const argv[])
{
	static const struct cli_option none[] = { { 0 } };
	struct cli cli;
	struct store_snapshot *all = NULL;
	struct store_change change = { .kind = CHANGE_ROOM_REMOVE };
	int status = cli_begin(&cli, argc, argv, none);
	if (!status && (cli.word_count != 1 || !random_id_valid(cli.words[0])))
		status = cli_fail(&cli, CLI_USAGE, "bad_id", "expected one room id: the 22 characters at the end of its address");
	if (!status)
		status = cli_read_store(&cli, &all);
	if (!status && !room_exists(all, cli.words[0]))
		status = stored(&cli, -ENOENT);
	if (!status) {
		snprintf(change.room.id, sizeof change.room.id, "%s", cli.words[0]);
		status = stored(&cli, store_apply(cli.store, &change, 1, NULL));
	}
	if (!status)
		cli_say(&cli, json_pack("{s:s}", "id", change.room.id), "%s was removed\n", change.room.id);
	store_snapshot_destroy(all);
	cli_end(&cli);
	return status;
}

int cli_room(int argc, char *const argv[])
{
	const char *verb = argc ? argv[0] : "";
	if (!strcmp(verb, "add"))
		return room_add(argc - 1, argv + 1);
	if (!strcmp(verb, "list"))
		return cli_list(argc - 1, argv + 1, "rooms", room_row);
	if (!strcmp(verb, "remove"))
		return room_remove(argc - 1, argv + 1);
	if (!strcmp(verb, "token"))
		return cli_room_token(argc - 1, argv + 1);
	fprintf(stderr, "hopkin room: expected add, list, remove or token\n");
	return CLI_USAGE;
}
