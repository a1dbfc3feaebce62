// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counters: names, meanings and summing.
 */
#include "mib.h"

const char * const serval_mib_names[__SERVAL_MIB_MAX] = {
#define SERVAL_MIB_NAME(id, name, help) name,
	SERVAL_MIB_LIST(SERVAL_MIB_NAME)
#undef SERVAL_MIB_NAME
};

const char * const serval_mib_help[__SERVAL_MIB_MAX] = {
#define SERVAL_MIB_HELP(id, name, help) help,
	SERVAL_MIB_LIST(SERVAL_MIB_HELP)
#undef SERVAL_MIB_HELP
};

/**
 * serval_mib_read() - sum one counter over all CPUs
 * @mib:   counters of a namespace
 * @field: which one
 *
 * Context: any; the sum is not a snapshot of one moment.
 * Return: packets or events since the namespace was made.
 */
u64 serval_mib_read(const struct serval_mib __percpu *mib,
		    enum serval_mib_field field)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(mib, cpu)->v[field]);
	return sum;
}
