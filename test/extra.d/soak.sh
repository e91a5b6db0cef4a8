#!/bin/bash
#
# One minute of crashes and recoveries.

exec "$(dirname "$0")/../soak/run" "${SOAK_MINUTES:-1}"
