/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Settings of a namespace, /proc/sys/net/serval/.
 */
#ifndef _SERVAL_SYSCTL_H
#define _SERVAL_SYSCTL_H

struct serval_net;

int serval_sysctl_init(struct serval_net *sn);
void serval_sysctl_exit(struct serval_net *sn);

#endif /* _SERVAL_SYSCTL_H */
