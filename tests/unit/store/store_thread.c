/* The store thread: results in order, news of other processes, nothing lost at the end. */
#include <poll.h>
#include <stdlib.h>

#include "check.h"
#include "store_thread.h"

static char folder[] = "/tmp/hopkin-thread-XXXXXX";
static char path[64];
static int order[8], orders;
static int errors[8];
static size_t news, news_accounts;

static void done(void *arg, int err, int64_t added)
{
	errors[orders] = err;
	order[orders++] = *(int *)arg;
}

static void changed(void *arg, struct store_snapshot *snapshot)
{
	news++;
	news_accounts = snapshot->account_count;
	store_snapshot_destroy(snapshot);
}

static size_t known_then;

static void caught_up(void *arg, int err, int64_t added)
{
	known_then = news_accounts;
}

static struct store_change account(const char *name)
{
	struct store_change c = { .kind = CHANGE_ACCOUNT_ADD };
	snprintf(c.account.name, sizeof c.account.name, "%s", name);
	snprintf(c.account.display, sizeof c.account.display, "%s", name);
	return c;
}

/* Turn the inbox until `*what` has reached `least`, for at most five seconds. */
static void wait_for(struct inbox *inbox, const size_t *what, size_t least, const int *count, int least_count)
{
	for (int i = 0; i < 50 && ((what && *what < least) || (count && *count < least_count)); i++) {
		struct pollfd p = { .fd = inbox_fd(inbox), .events = POLLIN };
		if (poll(&p, 1, 100) > 0)
			inbox_drain(inbox);
	}
}

int main(void)
{
	static int names[] = { 0, 1, 2, 3 };
	struct store *store, *other;
	struct inbox *inbox;
	struct store_thread *thread;
	if (!mkdtemp(folder))
		return 1;
	snprintf(path, sizeof path, "%s/hopkin.db", folder);
	store_open(&store, path);
	store_open(&other, path);
	inbox_create(&inbox);
	check("the thread starts", store_thread_start(&thread, store, inbox, changed, NULL) == 0);
	wait_for(inbox, &news, 1, NULL, 0);
	check("it begins with how things are now", news == 1 && news_accounts == 0);

	struct store_change c = account("lan");
	store_thread_submit(thread, &c, 1, done, &names[0]);
	store_thread_submit(thread, &c, 1, done, &names[1]);
	c = account("hoa");
	store_thread_submit(thread, &c, 1, done, &names[2]);
	wait_for(inbox, NULL, 0, &orders, 3);
	check("results come in order", orders == 3 && order[0] == 0 && order[1] == 1 && order[2] == 2);
	check("each with its own error", errors[0] == 0 && errors[1] < 0 && errors[2] == 0);
	check("our own writes are no news", news == 1);

	c = account("ngoai");
	store_apply(other, &c, 1, NULL);
	wait_for(inbox, &news, 2, NULL, 0);
	check("another process' write is news", news == 2 && news_accounts == 3);

	c = account("vua");
	store_apply(other, &c, 1, NULL);
	store_thread_catch_up(thread, caught_up, NULL);
	wait_for(inbox, &known_then, 1, NULL, 0);
	check("whoever asks to catch up is told after the news", known_then == 4);

	c = account("cuoi");
	store_thread_submit(thread, &c, 1, done, &names[3]);
	store_thread_stop(thread);
	check("what was submitted before the end is committed and told", orders == 4 && errors[3] == 0);
	struct store_snapshot *all;
	store_read(other, &all);
	check("and is there", all->account_count == 5);
	store_snapshot_destroy(all);
	store_close(other);
	inbox_destroy(inbox);
	char clean[96];
	snprintf(clean, sizeof clean, "rm -rf %s", folder);
	return system(clean) ? 1 : check_done();
}
