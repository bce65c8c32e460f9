#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli.h"
#include "display_name.h"
#include "hash_pool.h"
#include "password.h"
#include "secret_token.h"

#define LINK_LASTS_S (72 * 3600)

static const struct account_record *find_account(const struct store_snapshot *all, const char *name)
{
	for (size_t i = 0; i < all->account_count; i++)
		if (!strcmp(all->accounts[i].name, name))
			return &all->accounts[i];
	return NULL;
}

static int stored(const struct cli *cli, int err)
{
	switch (err) {
	case 0: return CLI_OK;
	case -EEXIST: return cli_fail(cli, CLI_CONFLICT, "name_taken", "there is already an account with that name");
	case -EBUSY: return cli_fail(cli, CLI_CONFLICT, "last_admin", "no administrator would remain");
	case -ENOENT: return cli_fail(cli, CLI_NOT_FOUND, "no_such_user", "no such account");
	default: return cli_fail(cli, CLI_FAILED, "not_stored", "not stored: %s", strerror(-err));
	}
}

/* A new password, checked and hashed into the record. */
static int take_password(const struct cli *cli, bool from_stdin, struct account_record *account)
{
	char password[PASSWORD_MOST_BYTES + 2];
	if (!cli_read_password(cli, from_stdin, password, sizeof password))
		return CLI_USAGE;
	int status = CLI_OK;
	if (!password_acceptable(password, account->name))
		status = cli_fail(cli, CLI_USAGE, "weak_password",
			"the password is too weak: 10 characters or more, not a common one, not the account's name");
	else if (password_hash_make(account->password_hash, password))
		status = cli_fail(cli, CLI_FAILED, "no_memory", "not enough memory to hash a password");
	explicit_bzero(password, sizeof password);
	return status;
}

static int fill_account(const struct cli *cli, struct account_record *account, const char *role, const char *display)
{
	const char *name = cli->words[0];
	account->created_s = time(NULL);
	if (cli->word_count != 1 || !account_name_valid(name))
		return cli_fail(cli, CLI_USAGE, "bad_name", "expected one account name: 2 to 32 of a-z 0-9 . _ -");
	if (!role_from_name(&account->role, role ? role : "member"))
		return cli_fail(cli, CLI_USAGE, "bad_role", "--role: expected admin, host or member");
	if (!display_name_normalise(account->display, sizeof account->display, display ? display : name, DISPLAY_NAME_CHARS))
		return cli_fail(cli, CLI_USAGE, "bad_display", "--display: expected a name of 1 to 64 characters");
	snprintf(account->name, sizeof account->name, "%s", name);
	return CLI_OK;
}

static int user_add(int argc, char *const argv[])
{
	const char *role = NULL, *display = NULL;
	bool from_stdin = false;
	const struct cli_option options[] = {
		{ "--role", &role, NULL }, { "--display", &display, NULL }, { "--password-stdin", NULL, &from_stdin }, { 0 },
	};
	struct cli cli;
	struct store_change change = { .kind = CHANGE_ACCOUNT_ADD };
	int64_t id = 0;
	int status = cli_begin(&cli, argc, argv, options);
	if (!status)
		status = fill_account(&cli, &change.account, role, display);
	if (!status)
		status = take_password(&cli, from_stdin, &change.account);
	if (!status)
		status = cli_open_store(&cli);
	if (!status)
		status = stored(&cli, store_apply(cli.store, &change, 1, &id));
	if (!status)
		cli_say(&cli, json_pack("{s:I, s:s, s:s, s:s}", "id", (json_int_t)id, "name", change.account.name, "display", change.account.display,
			"role", role_name(change.account.role)), "%s was added as %s\n", change.account.name, role_name(change.account.role));
	cli_end(&cli);
	return status;
}

static json_t *account_json(const struct account_record *a)
{
	return json_pack("{s:I, s:s, s:s, s:s, s:b, s:b, s:I}", "id", (json_int_t)a->id, "name", a->name, "display", a->display,
		"role", role_name(a->role), "disabled", a->disabled, "pending", !*a->password_hash, "last_seen", (json_int_t)a->last_seen_s);
}

static bool account_row(const struct cli *cli, const struct store_snapshot *all, size_t i, json_t *rows)
{
	if (i >= all->account_count)
		return false;
	const struct account_record *a = &all->accounts[i];
	json_array_append_new(rows, account_json(a));
	if (!cli->json)
		printf("%-32s %-7s %s%s%s\n", a->name, role_name(a->role), a->display, a->disabled ? " (disabled)" : "",
			*a->password_hash ? "" : " (has not used the link yet)");
	return true;
}

/* Begins a command about one account that exists. */
static int begin_with_account(struct cli *cli, int argc, char *const argv[], const struct cli_option *options, struct account_record *account)
{
	struct store_snapshot *all = NULL;
	int status = cli_begin(cli, argc, argv, options);
	if (!status && cli->word_count != 1)
		status = cli_fail(cli, CLI_USAGE, "usage", "expected one account name");
	if (!status)
		status = cli_read_store(cli, &all);
	const struct account_record *found = status ? NULL : find_account(all, cli->words[0]);
	if (found)
		*account = *found;
	else if (!status)
		status = cli_fail(cli, CLI_NOT_FOUND, "no_such_user", "%s: no such account", cli->words[0]);
	store_snapshot_destroy(all);
	return status;
}

static int user_disable(int argc, char *const argv[], bool disabled)
{
	static const struct cli_option none[] = { { 0 } };
	struct cli cli;
	struct account_record account;
	int status = begin_with_account(&cli, argc, argv, none, &account);
	if (!status) {
		account.disabled = disabled;
		const struct store_change changes[] = {
			{ .kind = CHANGE_ACCOUNT_DISABLED, .account = account },
			{ .kind = CHANGE_SESSIONS_REMOVE_OF, .session.account = account.id },
			{ .kind = CHANGE_REQUIRE_ADMIN },
		};
		/* letting somebody back in ends nothing, and only an administrator's going can leave none */
		size_t count = !disabled ? 1 : account.role == ROLE_ADMIN ? 3 : 2;
		status = stored(&cli, store_apply(cli.store, changes, count, NULL));
	}
	if (!status)
		cli_say(&cli, account_json(&account), "%s was %s\n", account.name, disabled ? "disabled and signed out" : "enabled");
	cli_end(&cli);
	return status;
}

static int reset_by_link(const struct cli *cli, const struct account_record *account)
{
	char token[SECRET_TOKEN_CHARS + 1], url[600];
	secret_token_make(token);
	struct store_change changes[] = {
		{ .kind = CHANGE_LINKS_REMOVE_OF, .link.account = account->id },
		{ .kind = CHANGE_LINK_ADD, .link = { .kind = LINK_RESET, .account = account->id, .expires_s = time(NULL) + LINK_LASTS_S } },
		{ .kind = CHANGE_SESSIONS_REMOVE_OF, .session.account = account->id },
	};
	secret_token_hash(changes[1].link.token_hash, token);
	int status = stored(cli, store_apply(cli->store, changes, 3, NULL));
	if (status)
		return status;
	settings_main_url(&cli->settings, url, sizeof url - 60);
	strcat(url, "/l#");
	strcat(url, token);
	return cli_say(cli, json_pack("{s:s, s:s}", "name", account->name, "link", url), "One-time link for %s, good for 72 hours:\n%s\n", account->name, url);
}

static int user_reset(int argc, char *const argv[])
{
	bool from_stdin = false;
	const struct cli_option options[] = { { "--password-stdin", NULL, &from_stdin }, { 0 } };
	struct cli cli;
	struct account_record account;
	int status = begin_with_account(&cli, argc, argv, options, &account);
	if (!status && !from_stdin) {
		status = reset_by_link(&cli, &account);
	} else if (!status && !(status = take_password(&cli, true, &account))) {
		const struct store_change changes[] = {
			{ .kind = CHANGE_ACCOUNT_PASSWORD, .account = account },
			{ .kind = CHANGE_LINKS_REMOVE_OF, .link.account = account.id },
			{ .kind = CHANGE_SESSIONS_REMOVE_OF, .session.account = account.id },
		};
		status = stored(&cli, store_apply(cli.store, changes, 3, NULL));
		if (!status)
			cli_say(&cli, json_pack("{s:s}", "name", account.name), "%s has the new password and was signed out\n", account.name);
	}
	cli_end(&cli);
	return status;
}

int cli_user(int argc, char *const argv[])
{
	const char *verb = argc ? argv[0] : "";
	if (!strcmp(verb, "add"))
		return user_add(argc - 1, argv + 1);
	if (!strcmp(verb, "list"))
		return cli_list(argc - 1, argv + 1, "people", account_row);
	if (!strcmp(verb, "disable") || !strcmp(verb, "enable"))
		return user_disable(argc - 1, argv + 1, *verb == 'd');
	if (!strcmp(verb, "reset"))
		return user_reset(argc - 1, argv + 1);
	fprintf(stderr, "hopkin user: expected add, list, disable, enable or reset\n");
	return CLI_USAGE;
}
