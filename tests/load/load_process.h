/** What /proc says of a process on this machine. All give 0 for a process that is not there. */
#ifndef HOPKIN_LOAD_PROCESS_H
#define HOPKIN_LOAD_PROCESS_H

#include <stdint.h>
#include <sys/types.h>

/** Time on a CPU, of all its threads (schedstat: to the nanosecond, user and kernel). */
int64_t load_process_cpu_ns(pid_t pid);
int64_t load_process_resident_kb(pid_t pid);
int load_process_descriptors(pid_t pid);

#endif
