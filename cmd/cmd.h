/*
 * cmd.h - the subcommands of socketcall(1). argv[0] is the subcommand's name; each
 * returns the exit status.
 */
#ifndef SOCKETCALL_CMD_H
#define SOCKETCALL_CMD_H

#include "../src/catch/launch.h"

int cmd_run(int argc, char **argv);
int cmd_policy(int argc, char **argv);
int cmd_doctor(int argc, char **argv);

#endif
