#include "log.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void line(const char *fmt, va_list ap)
{
	char text[1024];
	int head = snprintf(text, sizeof(text), "socketcall: ");
	int n = vsnprintf(text + head, sizeof(text) - head - 1, fmt, ap);

	if (n < 0)
		return;
	n = head + n < (int)sizeof(text) - 2 ? head + n : (int)sizeof(text) - 2;
	text[n++] = '\n';
	/* One write, so that lines of several threads do not mix. */
	if (write(STDERR_FILENO, text, n) < 0)
		return; /* nobody to tell */
}

void log_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	line(fmt, ap);
	va_end(ap);
}

void log_once(int *once, const char *fmt, ...)
{
	va_list ap;

	if (__atomic_exchange_n(once, 1, __ATOMIC_RELAXED))
		return;
	va_start(ap, fmt);
	line(fmt, ap);
	va_end(ap);
}
