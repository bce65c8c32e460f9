/** The servers that hopkin-load can speak to. A new adaptor is one more row in load_adaptors.c. */
#ifndef HOPKIN_LOAD_ADAPTORS_H
#define HOPKIN_LOAD_ADAPTORS_H

#include "load_adaptor.h"

/** NULL: there is none of that name. */
const struct load_adaptor *load_adaptor_find(const char *name);

#endif
