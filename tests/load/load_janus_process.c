#include "load_janus_process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { END_MS = 3000, LOG_SHOWN = 2000 };

static const char plugins_off[] = "libjanus_audiobridge.so,libjanus_duktape.so,libjanus_echotest.so,libjanus_lua.so,libjanus_nosip.so,"
	"libjanus_recordplay.so,libjanus_sip.so,libjanus_streaming.so,libjanus_textroom.so,libjanus_videocall.so,libjanus_voicemail.so";
static const char transports_off[] = "libjanus_http.so,libjanus_mqtt.so,libjanus_nanomsg.so,libjanus_rabbitmq.so";

static FILE *open_file(const struct load_janus_process *process, const char *name, const char *how)
{
	char path[256];
	snprintf(path, sizeof path, "%s/%s", process->folder, name);
	return fopen(path, how);
}

/*
 * The WebSocket is never used. Janus 1.1.2 asks its transports whether they are there before the Unix socket's thread has bound it, and
 * gives up when none is: without a second one every other start failed.
 */
static bool write_configuration(const struct load_janus_process *process, const struct load_server *server)
{
	FILE *ws = open_file(process, "janus.transport.websockets.jcfg", "we");
	FILE *core = open_file(process, "janus.jcfg", "we"), *api = open_file(process, "janus.transport.pfunix.jcfg", "we");
	FILE *room = open_file(process, "janus.plugin.videoroom.jcfg", "we");
	if (core)
		fprintf(core, "general: { configs_folder = \"%s\"; debug_level = 2; debug_colors = false; event_loops = %d; session_timeout = 0 }\n"
			"nat: { ice_lite = true; ice_enforce_list = \"%s\"; full_trickle = false }\nmedia: { ipv6 = false }\n"
			"plugins: { disable = \"%s\" }\ntransports: { disable = \"%s\" }\nevents: { broadcast = false }\n", process->folder,
			server->workers, server->address, plugins_off, transports_off);
	if (api)
		fprintf(api, "general: { enabled = true; json = \"compact\"; path = \"%s/api\"; type = \"SOCK_SEQPACKET\" }\nadmin: { admin_enabled = false }\n",
			process->folder);
	if (room)
		fprintf(room, "general: { }\n");
	if (ws)
		fprintf(ws, "general: { ws = true; ws_port = %u; ws_ip = \"127.0.0.1\"; ws_logging = \"none\" }\nadmin: { admin_ws = false }\n", server->port);
	bool good = core && api && room && ws;
	FILE *all[] = { core, api, room, ws };
	for (int i = 0; i < 4; i++)
		if (all[i] && fclose(all[i]))
			good = false;
	return good;
}

static void become(const struct load_janus_process *process, const char *program)
{
	char log[128];
	snprintf(log, sizeof log, "%s/log", process->folder);
	int fd = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	execlp(program, program, "-F", process->folder, NULL);
	fprintf(stderr, "%s: %s\n", program, strerror(errno));
	_exit(127);
}

int load_janus_process_start(struct load_janus_process *process, const struct load_server *server)
{
	*process = (struct load_janus_process){ .folder = "/tmp/hopkin-load-janus.XXXXXX" };
	if (!mkdtemp(process->folder)) {
		process->folder[0] = '\0';
		return -errno;
	}
	if (!write_configuration(process, server))
		return -EIO;
	process->pid = fork();
	if (process->pid == 0)
		become(process, server->program ? server->program : "janus");
	return process->pid < 0 ? -errno : 0;
}

int load_janus_process_connect(const struct load_janus_process *process)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	snprintf(name.sun_path, sizeof name.sun_path, "%s/api", process->folder);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&name, sizeof name)) {
		close(fd);
		return -1;
	}
	return fd;
}

void load_janus_process_show_log(const struct load_janus_process *process)
{
	char text[LOG_SHOWN + 1] = "";
	FILE *log = open_file(process, "log", "re");
	if (!log)
		return;
	if (fseek(log, -LOG_SHOWN, SEEK_END))
		rewind(log);
	text[fread(text, 1, LOG_SHOWN, log)] = '\0';
	fclose(log);
	fprintf(stderr, "%s\n", text);
}

static void end_process(pid_t pid)
{
	struct timespec pause = { .tv_nsec = 10 * 1000000 };
	kill(pid, SIGTERM);
	for (int ms = 0; ms < END_MS; ms += 10) {
		if (waitpid(pid, NULL, WNOHANG) != 0)
			return;
		nanosleep(&pause, NULL);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

void load_janus_process_stop(struct load_janus_process *process)
{
	if (process->pid > 0)
		end_process(process->pid);
	DIR *folder = process->folder[0] ? opendir(process->folder) : NULL;
	for (struct dirent *entry; folder && (entry = readdir(folder)); )
		unlinkat(dirfd(folder), entry->d_name, 0);
	if (folder)
		closedir(folder);
	rmdir(process->folder);
	process->pid = 0;
}
