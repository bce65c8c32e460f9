/*
 * Inside the jail: what must die dies by SIGSYS, what packets need works. Threat 28 at this level.
 * Each case is a child that warms up, starts a thread, enters, and then does one thing - on the main thread or on the other.
 */
#include "jail.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "clock.h"
#include "dtls.h"
#include "fd_message.h"
#include "log.h"
#include "loop.h"
#include "mailbox.h"
#include "media_keys.h"
#include "udp.h"
#include "warm_up.h"

#ifdef HOPKIN_SANITIZED
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

static int udp_fd, other_udp_fd, pair[2], spare_fd;
static struct sockaddr_in udp_name;

/* -- what must die ------------------------------------------------------------------------------------------------------ */

static void do_open(void) { open("/etc/passwd", O_RDONLY); }
static void do_create(void) { open("/tmp/hopkin-jail-test", O_CREAT | O_WRONLY, 0600); }
static void do_stat(void) { struct stat s; stat("/etc/passwd", &s); }
static void do_unlink(void) { unlink("/tmp/hopkin-jail-test"); }
static void do_rename(void) { rename("/tmp/a", "/tmp/b"); }
static void do_readlink(void) { char b[9]; ssize_t n = readlink("/proc/self/exe", b, sizeof b); (void)n; }
static void do_socket(void) { socket(AF_INET, SOCK_DGRAM, 0); }
static void do_unix_socket(void) { socket(AF_UNIX, SOCK_STREAM, 0); }
static void do_socketpair(void) { int p[2]; socketpair(AF_UNIX, SOCK_STREAM, 0, p); }
static void do_connect(void) { connect(udp_fd, (struct sockaddr *)&udp_name, sizeof udp_name); }
static void do_bind(void) { bind(udp_fd, (struct sockaddr *)&udp_name, sizeof udp_name); }
static void do_listen(void) { listen(udp_fd, 1); }
static void do_accept(void) { accept(udp_fd, NULL, NULL); }
static void do_exec(void) { char *argv[] = { "true", NULL }; execv("/bin/true", argv); }
static void do_fork(void) { if (fork() == 0) _exit(0); }
static void do_ptrace(void) { ptrace(PTRACE_TRACEME, 0, 0, 0); }
static void do_kill(void) { kill(getppid(), 0); }
static void do_kill_parent(void) { syscall(SYS_tgkill, 1, 1, 0); }
static void do_exec_memory(void) { mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); }
static void do_exec_protect(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	mprotect(p, 4096, PROT_READ | PROT_EXEC);
}
static void do_map_file(void) { mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, spare_fd, 0); }
static void do_io_uring(void) { syscall(425, 8, NULL); }
static void do_bpf(void) { syscall(SYS_bpf, 0, NULL, 0); }
static void do_userfault(void) { syscall(SYS_userfaultfd, 0); }
static void do_setuid(void) { syscall(SYS_setuid, 0); }
static void do_unshare(void) { syscall(SYS_unshare, 0x10000000); }
static void do_chroot(void) { syscall(SYS_chroot, "/"); }
static void do_memfd(void) { syscall(SYS_memfd_create, "x", 0); }
static void do_prctl(void) { prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); }
static void do_ioctl(void) { syscall(SYS_ioctl, 0, 0x5412, "x"); }
static void do_dup(void) { int fd = dup(0); (void)fd; }
static void do_process_vm(void) { syscall(SYS_process_vm_writev, getppid(), NULL, 0, NULL, 0, 0); }
static void do_openat2(void) { syscall(437, -100, "/", NULL, 0); }

static const struct { const char *name; void (*act)(void); bool sanitizers_need_it; } deadly[] = {
	{ "open a file", do_open, true },
	{ "create a file", do_create, true },
	{ "stat", do_stat, true },
	{ "unlink", do_unlink, true },
	{ "rename", do_rename },
	{ "readlink", do_readlink, true },
	{ "openat2", do_openat2 },
	{ "a UDP socket", do_socket },
	{ "a Unix socket", do_unix_socket },
	{ "a socket pair", do_socketpair },
	{ "connect", do_connect },
	{ "bind", do_bind },
	{ "listen", do_listen },
	{ "accept", do_accept },
	{ "run a program", do_exec, true },
	{ "fork", do_fork, true },
	{ "ptrace", do_ptrace, true },
	{ "signal another process", do_kill, true },
	{ "signal a thread of another process", do_kill_parent, true },
	{ "executable memory", do_exec_memory, true },
	{ "memory made executable", do_exec_protect, true },
	{ "map a file", do_map_file, true },
	{ "io_uring", do_io_uring },
	{ "bpf", do_bpf },
	{ "userfaultfd", do_userfault },
	{ "setuid", do_setuid },
	{ "unshare", do_unshare },
	{ "chroot", do_chroot },
	{ "memfd", do_memfd },
	{ "prctl", do_prctl, true },
	{ "ioctl on a terminal", do_ioctl, true },
	{ "dup", do_dup, true },
	{ "write another process's memory", do_process_vm },
};

/* -- what must work ------------------------------------------------------------------------------------------------------ */

static struct packet_pool *pool;
static struct udp_socket *usocket;
static struct udp_batch *batch;
static struct counters counters;
static struct loop *loop;
static struct mailbox *box;
static struct dtls_identity *identity;

static bool work_packets(void)
{
	struct path to = { .kind = PATH_UDP4, .port = ntohs(udp_name.sin_port), .ip = { 127, 0, 0, 1 } };
	for (unsigned i = 0; i < 10; i++) {
		memset(udp_batch_slot(batch), (int)i, 100);
		udp_batch_add(batch, &to, 100);
	}
	udp_batch_send(batch);
	struct packet *out[UDP_BATCH];
	bool more;
	unsigned got = udp_socket_receive(usocket, pool, clock_now_us(), &counters, out, &more);
	for (unsigned i = 0; i < got; i++)
		packet_unref(out[i]);
	return got == 10 && udp_send_to(other_udp_fd, &to, (const uint8_t *)"x", 1) == 0;
}

static bool work_loop(void)
{
	return loop_run(loop, clock_now_us() + 1000) <= 2 && mailbox_post(box, 1, "x", 1, NULL, 0) && mailbox_next(box);
}

static bool work_memory(void)
{
	for (size_t size = 16; size < (64u << 20); size *= 2) {
		char *p = malloc(size);
		if (!p)
			return false;
		memset(p, 1, size);
		p = realloc(p, size * 2);
		free(p);
	}
	return true;
}

static bool work_random_and_time(void)
{
	uint8_t bytes[32];
	struct timespec t = { 0, 1000 };
	return getrandom(bytes, sizeof bytes, 0) == sizeof bytes && clock_gettime(CLOCK_REALTIME, &t) == 0 &&
		clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){ 0, 1000 }, NULL) == 0 && time(NULL) > 0;
}

static bool work_log(void)
{
	log_info("jail.test", log_str("state", "inside"), log_int("pid", getpid()));
	return true;
}

static bool work_descriptor(void)
{
	char text[8];
	int fd;
	return fd_message_receive(pair[0], text, sizeof text, &fd) == 3 && fd >= 0 && close(fd) == 0 &&
		fd_message_send(pair[0], "answer", 6, -1) == 0;
}

static bool work_fcntl(void)
{
	int flags = fcntl(udp_fd, F_GETFL);
	return flags >= 0 && fcntl(udp_fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

static bool work_transport(void)
{
	const char *failed;
	return transport_warm_up(&failed) == 0;         /* a whole handshake with a new key, STUN, both SRTP suites */
}

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, 4);
}

static bool work_sort(void)
{
	size_t n = 1 << 16;
	uint32_t *v = malloc(n * sizeof *v);
	for (size_t i = 0; i < n; i++)
		v[i] = (uint32_t)(i * 2654435761u);
	qsort(v, n, sizeof *v, compare);        /* glibc asks sysinfo() how much memory there is */
	free(v);
	return true;
}

static const struct { const char *name; bool (*act)(void); } works[] = {
	{ "packets in and out", work_packets },
	{ "epoll, eventfd and mailbox", work_loop },
	{ "memory, small and large", work_memory },
	{ "random numbers, clocks, sleeping", work_random_and_time },
	{ "a log line", work_log },
	{ "a descriptor from the link", work_descriptor },
	{ "descriptor flags", work_fcntl },
	{ "DTLS handshake, STUN, SRTP", work_transport },
	{ "sorting", work_sort },
};

/* -- the child ------------------------------------------------------------------------------------------------------------ */

static sem_t started, go, done;
static bool leave_in_order;     /* join the thread and run what libraries do at exit() */
static void (*bad_act)(void);
static bool (*good_act)(void);
static bool good_result;

static void *worker(void *unused)
{
	/* as in main.c: each thread does its own first operations before it is counted */
	void *own = malloc(100000);
	free(own);
	sem_post(&started);
	sem_wait(&go);
	if (bad_act)
		bad_act();
	if (good_act)
		good_result = good_act();
	sem_post(&done);
	return NULL;
}

static void set_up(void)
{
	const char *failed;
	socklen_t len = sizeof udp_name;
	udp_name = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	udp_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bind(udp_fd, (struct sockaddr *)&udp_name, len);
	getsockname(udp_fd, (struct sockaddr *)&udp_name, &len);
	other_udp_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	spare_fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair))
		_exit(9);
	fd_message_send(pair[1], "fd!", 3, udp_fd);
	packet_pool_create(&pool, 128);
	udp_socket_create(&usocket, udp_fd, 0);
	udp_batch_create(&batch, &usocket, 1, &counters);
	loop_create(&loop);
	mailbox_create(&box, 4, 64);
	dtls_identity_create(&identity);
	if (media_keys_library_start() || transport_warm_up(&failed))
		_exit(9);
}

/* What became of a child that does one thing in the jail, on the main thread or on a second one. Exit status as wait() tells it. */
static int in_jail(void (*bad)(void), bool (*good)(void), bool second_thread)
{
	pid_t pid = fork();
	if (pid)  {
		int status = -1;
		waitpid(pid, &status, 0);
		return status;
	}
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	log_set_fd(null);
	set_up();
	sem_init(&started, 0, 0);
	sem_init(&go, 0, 0);
	sem_init(&done, 0, 0);
	if (jail_close_files() < 0)
		_exit(8);
	pthread_t thread;
	pthread_create(&thread, NULL, worker, NULL);
	sem_wait(&started);
	if (jail_close_calls())
		_exit(7);
	if (second_thread) {
		bad_act = bad;
		good_act = good;
	} else {
		if (bad)
			bad();
		if (good)
			good_result = good();
	}
	sem_post(&go);
	sem_wait(&done);
	if (leave_in_order) {
		pthread_join(thread, NULL);
		exit(0);
	}
	_exit(bad ? 6 : good_result ? 0 : 5);
}

static void test_landlock(void)
{
	pid_t pid = fork();
	if (!pid) {
		int inherited = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
		int closed = jail_close_files();
		char byte;
		int fd = open("/etc/passwd", O_RDONLY);
		_exit(closed < 0 ? 1 : closed == 0 ? 2 : fd >= 0 ? 3 : errno != EACCES ? 4 : read(inherited, &byte, 1) != 1 ? 5 : 0);
	}
	int status = -1;
	waitpid(pid, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 2)
		printf("# Landlock is not there (or this is a sanitizer build)\n");
	else
		check("Landlock alone: no path opens, an open descriptor still reads", WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(void)
{
	char name[96];
	for (size_t i = 0; i < sizeof works / sizeof *works; i++)
		for (int thread = 0; thread < 2; thread++) {
			int status = in_jail(NULL, works[i].act, thread);
			snprintf(name, sizeof name, "works: %s%s", works[i].name, thread ? ", on a second thread" : "");
			if (!check(name, WIFEXITED(status) && WEXITSTATUS(status) == 0))
				printf("# status %x\n", (unsigned)status);
		}
	for (size_t i = 0; i < sizeof deadly / sizeof *deadly; i++) {
		if (SANITIZED && deadly[i].sanitizers_need_it)
			continue;
		for (int thread = 0; thread < 2; thread++) {
			int status = in_jail(deadly[i].act, NULL, thread);
			snprintf(name, sizeof name, "killed: %s%s", deadly[i].name, thread ? ", on a second thread" : "");
			if (!check(name, WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS))
				printf("# status %x\n", (unsigned)status);
		}
	}
	leave_in_order = true;
	int status = in_jail(NULL, work_transport, true);
	if (!check("a thread ends and the program leaves in order", WIFEXITED(status) && WEXITSTATUS(status) == 0))
		printf("# status %x\n", (unsigned)status);
	test_landlock();
	return check_done();
}
