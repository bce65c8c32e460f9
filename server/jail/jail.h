/**
 * The jail of hopkin-media: what a program that parses the raw network may still ask of the kernel (design.md section 1).
 *
 * Order in main(): make and bind nothing, inherit all sockets → libraries warmed up → jail_close_files() → threads started, each
 * through its own warm-up, counted at a barrier → jail_close_calls(). After that, for every thread: no path, no new socket, no
 * program, no new thread, no executable memory. A call that is not on the list kills the process (SIGSYS), so that a fault cannot stay silent.
 *
 * In builds with sanitizers (HOPKIN_SANITIZED) the calls which those need are added: the list is in jail.c, by name. The release build proves the jail.
 */
#ifndef HOPKIN_JAIL_JAIL_H
#define HOPKIN_JAIL_JAIL_H

/**
 * No file by name any more, for this thread and all it starts (Landlock, where the kernel has it: 1 if so, 0 if not), no_new_privs, no
 * core dump with keys in it. Main thread, before any other is started. Negative: -errno, and the program must not go on.
 */
int jail_close_files(void);

/** The system call filter, for all threads at once (TSYNC). After this no thread can be started. 0 or -errno; on failure the program must not go on. */
int jail_close_calls(void);

#endif
