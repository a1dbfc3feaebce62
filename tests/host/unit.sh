#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, the parsers and tables could be wrong on any host that has them.
. "$(dirname "$0")/lib.sh"

make -s -C tests/unit check
