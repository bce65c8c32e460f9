#include "tp_call.h"
#include <stddef.h>
#include "tp_script.h"
void tp_call_destroy(struct tp_call *call)
{
}
json_t *tp_run_call(struct tp_script *script, const char *name, const json_t *command)
{
	return NULL;
}
