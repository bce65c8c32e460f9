#include "load_adaptors.h"

#include <string.h>

static const struct load_adaptor *const all[] = { &load_hopkin, &load_hopkin_room, &load_janus, &load_bare };

const struct load_adaptor *load_adaptor_find(const char *name)
{
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (strcmp(all[i]->name, name) == 0)
			return all[i];
	return NULL;
}
