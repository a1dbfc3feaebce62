#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, a malformed packet would be answered, believed or not be noticed.
. "$(dirname "$0")/lib.sh"

two_hosts
route_ids
serve "$(new_id)"
plan "$(sv inject list | wc -l)"
numbered "" sv inject check
