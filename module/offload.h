/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Segmentation and aggregation of protocol 144.
 */
#ifndef _SERVAL_OFFLOAD_H
#define _SERVAL_OFFLOAD_H

int serval_offload_init(void);
void serval_offload_exit(void);

#endif /* _SERVAL_OFFLOAD_H */
