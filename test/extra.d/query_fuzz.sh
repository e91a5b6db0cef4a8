#!/bin/bash
#
# One minute of random queries.  It builds and runs the source tree, which
# ROOT names where the tests are a copy.

exec "${ROOT:-$(dirname "$0")/../..}/test/query_fuzz/run" "${QUERY_FUZZ_SECONDS:-60}"
