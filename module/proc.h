/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files of a namespace under /proc/net/serval/.
 */
#ifndef _SERVAL_PROC_H
#define _SERVAL_PROC_H

#include <linux/types.h>

struct proc_dir_entry;
struct serval_net;

int serval_proc_init(struct serval_net *sn);
void serval_proc_exit(struct serval_net *sn);

/* proc_move.c */
bool serval_proc_move_init(struct serval_net *sn, struct proc_dir_entry *dir);

#endif /* _SERVAL_PROC_H */
