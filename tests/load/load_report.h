/** A run's result as a table for people or as JSON for scripts, and whether it is good. */
#ifndef HOPKIN_LOAD_REPORT_H
#define HOPKIN_LOAD_REPORT_H

#include "load_run.h"

void load_report_table(FILE *out, const struct load_result *result);
void load_report_json(FILE *out, const struct load_result *result);

/** NULL, or what went beyond bounds: loss, wrong bytes, people who did not get in, streams that never came. */
const char *load_report_fault(const struct load_result *result);

#endif
