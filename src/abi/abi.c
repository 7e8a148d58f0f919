#include "abi.h"

const struct abi *const abi_all[] = {&abi_x86_64, &abi_i386, NULL};

const struct abi *abi_by_audit_arch(uint32_t arch)
{
	for (const struct abi *const *a = abi_all; *a; a++)
		if ((*a)->audit_arch == arch)
			return *a;
	return NULL;
}

const struct abi_direct *abi_direct_by_sysno(const struct abi *abi, int sysno)
{
	for (unsigned i = 0; i < abi->ndirect; i++)
		if (abi->direct[i].sysno == sysno)
			return &abi->direct[i];
	return NULL;
}
