#!/bin/bash
#
# Ten seconds of fuzzing of the MessagePack codec.  It builds the source tree,
# which ROOT names where the tests are a copy.

exec "${ROOT:-$(dirname "$0")/../..}/test/fuzz/run" "${FUZZ_SECONDS:-10}"
