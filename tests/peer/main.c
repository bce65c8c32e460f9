/* hopkin-peer: test peers and their misdeeds, driven by JSON lines on standard input. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "tp_json.h"
#include "tp_script.h"

enum { LINE_MAX_BYTES = 4 << 20 };

static struct tp_script script;
static char *line;
static size_t line_len;

static void run_line(const char *text)
{
	json_error_t error;
	json_t *command = json_loads(text, 0, &error);
	if (!command) {
		tp_script_emit(tp_script_error("bad JSON"));
		return;
	}
	if (strcmp(tp_json_text(command, "cmd", ""), "quit") == 0)
		tp_loop_stop(script.loop);
	else {
		json_t *answer = tp_script_run(&script, command);
		json_t *ref = json_object_get(command, "ref");
		if (ref)
			json_object_set(answer, "ref", ref);
		tp_script_emit(answer);
	}
	json_decref(command);
}

static void on_input(struct tp_watch *watch, uint32_t events)
{
	ssize_t n = read(watch->fd, line + line_len, LINE_MAX_BYTES - line_len - 1);
	if (n <= 0) {
		tp_loop_stop(script.loop);
		return;
	}
	line_len += (size_t)n;
	line[line_len] = 0;
	char *end;
	while ((end = memchr(line, '\n', line_len))) {
		*end = 0;
		if (*line)
			run_line(line);
		line_len -= (size_t)(end + 1 - line);
		memmove(line, end + 1, line_len + 1);
	}
}

int main(int argc, char **argv)
{
	struct tp_watch input = { .fd = STDIN_FILENO, .on_ready = on_input };
	if (argc > 1) {
		fprintf(stderr, "usage: %s < commands (tests/peer/README.md)\n", argv[0]);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	srandom((unsigned)tp_now_us());
	line = malloc(LINE_MAX_BYTES);
	if (!line || tp_loop_create(&script.loop))
		return 1;
	if (tp_watch_add(script.loop, &input, EPOLLIN)) {
		fprintf(stderr, "standard input must be a pipe\n");
		return 1;
	}
	tp_loop_run(script.loop);
	tp_script_end(&script);
	tp_loop_destroy(script.loop);
	free(line);
	return 0;
}
