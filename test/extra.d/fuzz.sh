#!/bin/bash
#
# Ten seconds of fuzzing for each target of the MessagePack codec.

exec "$(dirname "$0")/../fuzz/run" "${FUZZ_SECONDS:-10}"
