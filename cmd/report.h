/* report.h - has a system tell the trace, the log and the counters that it has. */
#ifndef SOCKETCALL_REPORT_H
#define SOCKETCALL_REPORT_H

#include "../src/socketcall.h"

void report_to(struct socketcall_system *);

#endif
