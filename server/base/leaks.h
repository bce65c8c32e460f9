/**
 * For the leak checker of ASan builds: what is allocated between the two calls on this thread is a library's, which keeps it for as long
 * as the process lives. All else is still checked. In other builds nothing.
 */
#ifndef HOPKIN_BASE_LEAKS_H
#define HOPKIN_BASE_LEAKS_H

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define HOPKIN_LEAKS_CHECKED
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define HOPKIN_LEAKS_CHECKED
#endif

#ifdef HOPKIN_LEAKS_CHECKED
#include <sanitizer/lsan_interface.h>
#endif

static inline void leaks_expected(void)
{
#ifdef HOPKIN_LEAKS_CHECKED
	__lsan_disable();
#endif
}

static inline void leaks_checked(void)
{
#ifdef HOPKIN_LEAKS_CHECKED
	__lsan_enable();
#endif
}

#endif
