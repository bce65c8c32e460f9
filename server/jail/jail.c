#include "jail.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* -- files: Landlock, by its bare system calls (glibc has no wrappers) ------------------------------------------------------- */

enum {
	LANDLOCK_FS_ABI_1 = (1 << 13) - 1,      /* execute, write, read, remove and make of every kind */
	LANDLOCK_FS_REFER = 1 << 13,            /* ABI 2 */
	LANDLOCK_FS_TRUNCATE = 1 << 14,         /* ABI 3 */
	LANDLOCK_FS_IOCTL_DEV = 1 << 15,        /* ABI 5 */
	LANDLOCK_NET_TCP = 3,                   /* ABI 4: bind and connect */
	LANDLOCK_SCOPE = 3,                     /* ABI 6: abstract Unix sockets and signals to outside */
};

#ifndef HOPKIN_SANITIZED
/* The newest form of struct landlock_ruleset_attr; the kernel takes as much of it as it knows, so the size passed says how much that is. */
struct ruleset {
	uint64_t fs, net, scope;
};

/* 1: closed, 0: the kernel has no Landlock, or it is switched off, or -errno. */
static int close_paths(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	if (abi < 1)
		return 0;
	struct ruleset rules = { .fs = LANDLOCK_FS_ABI_1 | (abi >= 2 ? LANDLOCK_FS_REFER : 0) | (abi >= 3 ? LANDLOCK_FS_TRUNCATE : 0) |
		(abi >= 5 ? LANDLOCK_FS_IOCTL_DEV : 0),
		.net = abi >= 4 ? LANDLOCK_NET_TCP : 0, .scope = abi >= 6 ? LANDLOCK_SCOPE : 0 };
	size_t size = abi >= 6 ? sizeof rules : abi >= 4 ? offsetof(struct ruleset, scope) : offsetof(struct ruleset, net);
	int fd = (int)syscall(SYS_landlock_create_ruleset, &rules, size, 0);
	if (fd < 0)
		return -errno;
	long closed = syscall(SYS_landlock_restrict_self, fd, 0);       /* no rule was added: nothing is allowed */
	int err = closed ? -errno : 1;
	close(fd);
	return err;
}
#endif

int jail_close_files(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	struct rlimit none = { 0, 0 };
	if (setrlimit(RLIMIT_CORE, &none))
		return -errno;
#ifdef HOPKIN_SANITIZED
	return 0;       /* sanitizers read /proc/self and their own files; dumpable is how the leak checker looks at its process */
#else
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		return -errno;
	return close_paths();
#endif
}

/* -- calls: seccomp ------------------------------------------------------------------------------------------------------ */

/* Whatever its arguments. */
static const int allowed[] = {
	/* packets, on sockets that are there */
	SCMP_SYS(recvmmsg), SCMP_SYS(recvmsg), SCMP_SYS(recvfrom), SCMP_SYS(sendmmsg), SCMP_SYS(sendmsg), SCMP_SYS(sendto),
	SCMP_SYS(getsockopt), SCMP_SYS(setsockopt), SCMP_SYS(getpeername), SCMP_SYS(getsockname), SCMP_SYS(shutdown),
	/* descriptors that are there, or that came over the control link */
	SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev), SCMP_SYS(close), SCMP_SYS(fstat), SCMP_SYS(lseek),
	SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_pwait2), SCMP_SYS(epoll_ctl), SCMP_SYS(poll), SCMP_SYS(ppoll),
	/* memory: mmap and mprotect below */
	SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(brk),
	/* threads that are there */
	SCMP_SYS(futex), SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity), SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(membarrier),
	SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(restart_syscall),
	/* signals to oneself: abort() and its like */
	SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack),
	/* time, luck, and what a process may know of itself */
	SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(clock_nanosleep),
	SCMP_SYS(nanosleep), SCMP_SYS(getrandom), SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid),
	SCMP_SYS(getegid), SCMP_SYS(getrusage), SCMP_SYS(times), SCMP_SYS(sysinfo), SCMP_SYS(uname), SCMP_SYS(getcpu),
};

#ifdef HOPKIN_SANITIZED
/* What ASan, UBSan, LSan and TSan do behind the program's back. Never in a release build. */
static const int allowed_to_sanitizers[] = {
	/* reports: symbols from the program's files, names from /proc */
	SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(newfstatat),
	SCMP_SYS(access), SCMP_SYS(getcwd), SCMP_SYS(getdents), SCMP_SYS(getdents64), SCMP_SYS(pread64), SCMP_SYS(ioctl),
	SCMP_SYS(pipe), SCMP_SYS(pipe2), SCMP_SYS(dup), SCMP_SYS(dup2), SCMP_SYS(dup3), SCMP_SYS(unlink), SCMP_SYS(getppid),
	/* shadow memory and stacks */
	SCMP_SYS(mmap), SCMP_SYS(mprotect), SCMP_SYS(prlimit64), SCMP_SYS(getrlimit), SCMP_SYS(setrlimit), SCMP_SYS(prctl), SCMP_SYS(arch_prctl),
	SCMP_SYS(personality), SCMP_SYS(mincore), SCMP_SYS(msync),
	/* the leak checker's tracer, the symbolizer, TSan's background thread */
	SCMP_SYS(clone), SCMP_SYS(clone3), SCMP_SYS(fork), SCMP_SYS(vfork), SCMP_SYS(execve), SCMP_SYS(wait4), SCMP_SYS(ptrace),
	SCMP_SYS(process_vm_readv), SCMP_SYS(kill), SCMP_SYS(tkill), SCMP_SYS(tgkill), SCMP_SYS(set_tid_address), SCMP_SYS(sched_getparam),
	SCMP_SYS(sched_getscheduler), SCMP_SYS(rt_sigtimedwait), SCMP_SYS(fcntl),
};
#endif

static int allow(scmp_filter_ctx filter, const int *calls, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
		if (err && err != -EEXIST)
			return err;
	}
	return 0;
}

#ifndef HOPKIN_SANITIZED
/* Calls that are harmless or not by their arguments. */
static int allow_some(scmp_filter_ctx filter)
{
	int err = 0;
	/* memory that is never executable */
	if (!err)
		err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2,
			SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0), SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS));
	if (!err)
		err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	/* descriptor flags; not F_SETOWN, locks or leases */
	static const int flags[] = { F_GETFL, F_SETFL, F_GETFD, F_SETFD };
	for (size_t i = 0; i < sizeof flags / sizeof *flags && !err; i++)
		err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1, SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)flags[i]));
	/* signals to this process alone: abort() */
	if (!err)
		err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
	/* a name for memory, which glibc's malloc may give: PR_SET_VMA; nothing else of prctl */
	if (!err)
		err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1, SCMP_A0(SCMP_CMP_EQ, 0x53564d41));
	return err;
}
#endif

int jail_close_calls(void)
{
	/* Killing, not an error code: a library that gets EPERM goes on in some state nobody has tested. */
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	if (!filter)
		return -ENOMEM;
	int err = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	if (!err)
		err = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (!err)
		err = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);    /* a binary tree: 90 calls, and packets make most of them */
	if (!err)
		err = allow(filter, allowed, sizeof allowed / sizeof *allowed);
#ifdef HOPKIN_SANITIZED
	if (!err)
		err = allow(filter, allowed_to_sanitizers, sizeof allowed_to_sanitizers / sizeof *allowed_to_sanitizers);
#else
	if (!err)
		err = allow_some(filter);
#endif
	if (!err)
		err = seccomp_load(filter);
	seccomp_release(filter);
	return err;
}
