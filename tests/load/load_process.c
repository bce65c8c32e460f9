#include "load_process.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>

enum { PATH_ROOM = 96 };

static int64_t thread_ns(pid_t pid, const char *tid)
{
	char path[PATH_ROOM];
	long long ns = 0;
	snprintf(path, sizeof path, "/proc/%d/task/%.20s/schedstat", (int)pid, tid);
	FILE *f = fopen(path, "r");
	if (!f)
		return 0;
	if (fscanf(f, "%lld", &ns) != 1)
		ns = 0;
	fclose(f);
	return ns;
}

static DIR *open_folder(pid_t pid, const char *name)
{
	char path[PATH_ROOM];
	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
	return pid > 0 ? opendir(path) : NULL;
}

int64_t load_process_cpu_ns(pid_t pid)
{
	DIR *dir = open_folder(pid, "task");
	int64_t sum = 0;
	if (!dir)
		return 0;
	for (struct dirent *e; (e = readdir(dir)); )
		if (isdigit((unsigned char)e->d_name[0]))
			sum += thread_ns(pid, e->d_name);
	closedir(dir);
	return sum;
}

int64_t load_process_resident_kb(pid_t pid)
{
	char path[PATH_ROOM], line[256];
	long long kb = 0;
	snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	FILE *f = pid > 0 ? fopen(path, "r") : NULL;
	if (!f)
		return 0;
	while (fgets(line, sizeof line, f) && sscanf(line, "VmRSS: %lld", &kb) != 1)
		;
	fclose(f);
	return kb;
}

int load_process_descriptors(pid_t pid)
{
	DIR *dir = open_folder(pid, "fd");
	int count = 0;
	if (!dir)
		return 0;
	for (struct dirent *e; (e = readdir(dir)); )
		count += isdigit((unsigned char)e->d_name[0]) != 0;
	closedir(dir);
	return count;
}
