/*
 * main.c - socketcall(1): finds the subcommand.
 */
#include <stdio.h>
#include <string.h>

#include "cmd.h"

#define VERSION_TEXT "socketcall " SOCKETCALL_VERSION "\n"

static const char help[] =
	"socketcall - one policy for the socket calls of 32-bit and 64-bit programs\n"
	"\n"
	"  socketcall run [OPTIONS] [--] PROGRAM [ARG...]   run a program under a policy\n"
	"  socketcall policy check FILE                     find the errors of a policy\n"
	"  socketcall policy explain FILE 'CALL'            which rule decides, and where\n"
	"  socketcall doctor                                what works on this machine\n"
	"\n"
	"  socketcall SUBCOMMAND --help   its options\n"
	"  socketcall --version\n"
	"\n"
	"Try:\n"
	"  socketcall run --preset no-alg-vsock -- steamcmd +quit\n"
	"  socketcall run --deny 'connect to 10.0.0.0/8' --trace -- curl http://10.0.0.1/\n"
	"\n"
	"Manuals: socketcall(1), socketcall-policy(5).\n";

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} subcommands[] = {
	{"run", cmd_run},
	{"policy", cmd_policy},
	{"doctor", cmd_doctor},
};

int main(int argc, char **argv)
{
	if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") ||
			 !strcmp(argv[1], "help"))) {
		fputs(help, stdout);
		return 0;
	}
	if (argc > 1 && !strcmp(argv[1], "--version")) {
		fputs(VERSION_TEXT, stdout);
		return 0;
	}
	for (size_t i = 0; argc > 1 && i < sizeof(subcommands) / sizeof(subcommands[0]); i++)
		if (!strcmp(argv[1], subcommands[i].name))
			return subcommands[i].run(argc - 1, argv + 1);
	if (argc > 1)
		fprintf(stderr, "socketcall: unknown subcommand '%s' (run, policy, doctor; "
				"see socketcall --help)\n", argv[1]);
	else
		fputs(help, stderr);
	return EXIT_OURS;
}
