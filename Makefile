# topcache: build, install and test.
#
# With PostgreSQL's server headers at hand this is an ordinary PGXS makefile:
#
#     make && make install && make installcheck      [PG_CONFIG=/path/to/it]
#
# installcheck wants a running server that preloads topcache.  On a machine
# with nothing but make and a shell, these install what they need first and
# work on a private server of their own:
#
#     make demo       make test       make bench       make lint

PG_CONFIG ?= pg_config
PKG_CONFIG ?= pkg-config
TOP := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))

# The extension -------------------------------------------------------------

MODULE_big = topcache
EXTENSION = topcache
DATA = $(patsubst $(TOP)/%,%,$(sort $(wildcard $(TOP)/sql/topcache--*.sql)))

sources := $(sort $(wildcard $(addprefix $(TOP)/src/,*.c */*.c */*/*.c)))
OBJS = $(patsubst $(TOP)/%.c,%.o,$(sources))

# msgpack-c goes by different names in different releases.
msgpack := $(firstword $(foreach name,msgpack-c msgpack,$(shell \
	$(PKG_CONFIG) --exists $(name) 2>/dev/null && echo $(name))))
ifneq ($(msgpack),)
msgpack_cflags := $(shell $(PKG_CONFIG) --cflags $(msgpack))
msgpack_libs := $(shell $(PKG_CONFIG) --libs $(msgpack))
else
msgpack_libs := -lmsgpackc
endif

# Only what PostgreSQL looks up by name leaves the library.  PostgreSQL 15
# knows PGDLLEXPORT as a word of Windows alone, so it is given its meaning
# here.
PG_CPPFLAGS = -I$(TOP)/src $(msgpack_cflags) \
	-DPGDLLEXPORT='__attribute__((visibility("default")))'
PG_CFLAGS = -fvisibility=hidden -Wall -Wextra \
	-Wno-unused-parameter -Wno-sign-compare -MMD -MP $(optimized)
SHLIB_LINK = $(msgpack_libs)

# The path of a read leads through a file or two on each floor.  Compiled as a
# whole it takes a tenth less time where it is taken many times over; which is
# for servers that are optimized themselves, and compilers that can.  Others may
# say what they want instead: make optimized=, for one.
ifeq ($(origin optimized),undefined)
cc := $(if $(filter default undefined,$(origin CC)),$(shell \
	$(PG_CONFIG) --cc 2>/dev/null),$(CC))
ifneq ($(filter -O2,$(shell $(PG_CONFIG) --cflags 2>/dev/null)),)
optimized := $(shell echo 'int i;' | $(cc) -O3 -flto=auto -shared -fPIC -x c \
	-o /dev/null - 2>/dev/null && echo -O3 -flto=auto)
endif
endif

# No bitcode for inlining into queries: what topcache does is too large to gain
# by it, and the clang that the server was built with is not always there.
override with_llvm = no

# Its tests -----------------------------------------------------------------

names = $(sort $(basename $(notdir $(wildcard $(TOP)/test/$(1)))))
REGRESS = $(call names,sql/*.sql)
REGRESS_OPTS = --inputdir=$(TOP)/test
ISOLATION = $(call names,isolation/specs/*.spec)
ISOLATION_OPTS = --inputdir=$(TOP)/test/isolation
# These start servers of their own, which root may not.
ifneq ($(shell id -u),0)
TAP_TESTS = $(if $(wildcard $(TOP)/test/t/*.pl),1)
endif
PROVE_TESTS = test/t/*.pl

EXTRA_CLEAN = $(OBJS:.o=.d) .built-for results regression.diffs regression.out

# The rules -----------------------------------------------------------------

# Without server headers, only the targets at the end are there.
PGXS := $(wildcard $(shell $(PG_CONFIG) --pgxs 2>/dev/null))

ifneq ($(PGXS),)
include $(PGXS)

# Editing a header rebuilds what includes it, and so does a change of server
# or compiler.  Outside the source tree, the folders are not there yet.
-include $(OBJS:.o=.d)
$(OBJS): .built-for
.built-for: export built_for := $(VERSION) $(includedir_server) $(CC) $(CFLAGS)
.built-for: FORCE
	@mkdir -p $(dir $(OBJS))
	@echo "$$built_for" | cmp -s - $@ || echo "$$built_for" > $@

else
all install installcheck uninstall:
	@echo "$(PG_CONFIG): no PostgreSQL server headers found." >&2
	@echo "Run scripts/setup, or set PG_CONFIG." >&2
	@false
clean:
	rm -f topcache.so $(OBJS) $(EXTRA_CLEAN)
endif

# Without anything installed -------------------------------------------------
# The scripts find a server by themselves, unless PG_CONFIG names one.

demo test lint coverage:
	@$(TOP)/scripts/$@

# The tests on a PostgreSQL with assertions, and with the sanitizers
test-debug:
	@$(TOP)/scripts/test-debug

test-asan:
	@$(TOP)/scripts/test-debug asan

# The benchmark; two minutes of it; the same held against what it once
# measured; and the benchmark with its report put into bench/RESULTS.md, its
# pictures into bench/plots, and the figures of README.md replaced.
bench:
	@$(TOP)/bench/run --plots $(or $(PLOTS),bench-plots)

bench-quick:
	@$(TOP)/bench/run --quick

bench-check:
	@$(TOP)/bench/check

bench-results:
	@$(TOP)/bench/run --plots $(TOP)/bench/plots >bench-report.md
	@$(TOP)/bench/publish <bench-report.md

# Fuzz the MessagePack codec: make fuzz FUZZ_SECONDS=60
fuzz:
	@$(TOP)/test/fuzz/run $(or $(FUZZ_SECONDS),60)

# Random queries with the cache on and off: make query-fuzz FUZZ_SECONDS=600
# SEED=7
query-fuzz:
	@$(TOP)/test/query_fuzz/run $(or $(FUZZ_SECONDS),60)

# sqlsmith's queries over maps of every kind: make sqlsmith SQLSMITH_SECONDS=600
sqlsmith:
	@$(TOP)/test/sqlsmith/run $(or $(SQLSMITH_SECONDS),300)

# Clients that write at random, and clients that check: make stress
# STRESS_SECONDS=3600 SEED=7
stress:
	@$(TOP)/test/stress/run $(or $(STRESS_SECONDS),120)

# Do the tests see a broken cache?
mutation:
	@$(TOP)/test/mutation/run

# Kill and recover, over and over: make soak SOAK_MINUTES=60
soak:
	@$(TOP)/test/soak/run $(or $(SOAK_MINUTES),60)

# PostgreSQL's own regression tests with every table attached that can be
regress-attached:
	@$(TOP)/test/regress/run

# The dashboard with the real exporter and Prometheus
monitoring-check:
	@$(TOP)/test/monitoring/run

# Build and test on the majors of other Debian releases, as root: make matrix
matrix:
	@$(TOP)/scripts/matrix $(RELEASES)

.PHONY: all install installcheck uninstall clean demo test lint coverage \
	test-debug test-asan bench bench-quick bench-check bench-results fuzz \
	query-fuzz sqlsmith stress mutation soak regress-attached \
	monitoring-check matrix FORCE
