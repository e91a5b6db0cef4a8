#!/bin/bash
#
# Two minutes of the stress test.  It builds and runs the source tree, which
# ROOT names where the tests are a copy.

exec "${ROOT:-$(dirname "$0")/../..}/test/stress/run" "${STRESS_SECONDS:-120}"
