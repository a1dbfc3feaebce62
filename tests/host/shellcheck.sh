#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, a script could break on a name with a blank or a failed command.
. "$(dirname "$0")/lib.sh"

mapfile -t scripts < <(grep -rlE '^#!/bin/(ba)?sh' .ci scripts tests Documentation)
silent "shellcheck: ${#scripts[@]} scripts" shellcheck "${scripts[@]}"
done_testing
