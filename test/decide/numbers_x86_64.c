#include <asm/unistd_64.h>

extern const int numbers_x86_64[], uring_x86_64[];

const int numbers_x86_64[] = {
#include "numbers.h"
	-1,
};
const int uring_x86_64[] = {
	__NR_io_uring_setup, __NR_io_uring_enter, __NR_io_uring_register, -1,
};
