#include <asm/unistd_32.h>

extern const int numbers_i386[], uring_i386[];

const int numbers_i386[] = {
#include "numbers.h"
	__NR_setgroups32, __NR_setreuid32, __NR_setregid32, __NR_setuid32, __NR_setgid32,
	__NR_setresuid32, __NR_setresgid32, __NR_setfsuid32, __NR_setfsgid32,
	-1,
};
const int uring_i386[] = {
	__NR_io_uring_setup, __NR_io_uring_enter, __NR_io_uring_register, -1,
};
