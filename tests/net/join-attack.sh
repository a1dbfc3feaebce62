#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, somebody on the link could get a share of what others say to each other,
# or take one of their paths from them.
# not on: debug, its times are those of a fast machine
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/spy.sh"

export SERVAL
plan $(($(count join-attack) + $(count join-guess)))
security 1
attack join-attack
security 0
attack join-guess
