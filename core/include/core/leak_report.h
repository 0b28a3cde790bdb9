/* What a search for leaks has found, as text on the console. */
#ifndef CORE_LEAK_REPORT_H
#define CORE_LEAK_REPORT_H

#include <mm/leak.h>

/* Whether the user wants to hear nothing of what a backtrace allocates: a function in it is named
 * by the boot option suppress=NAME,NAME... */
bool core_leak_is_suppressed(backtrace_t allocated_by);

/* Prints the report after leak_tell_apart(); returns how many blocks are lost. */
size_t core_leak_report(const struct traced_totals *totals);

#endif
