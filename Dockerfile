# PostgreSQL with topcache: docker build -t topcache . && docker compose up
ARG PG_MAJOR=17

FROM postgres:${PG_MAJOR}-trixie AS build
ARG PG_MAJOR
# The server is that of the base image: its headers have to be of its version.
# hadolint ignore=DL3008
RUN apt-get update \
	&& apt-get install -y --no-install-recommends \
		gcc libc6-dev libmsgpack-c-dev make pkgconf \
		"postgresql-server-dev-${PG_MAJOR}" \
	&& rm -rf /var/lib/apt/lists/*
WORKDIR /topcache
COPY . .
ENV PG_CONFIG=/usr/lib/postgresql/${PG_MAJOR}/bin/pg_config
RUN make clean && make && make install DESTDIR=/installed

FROM postgres:${PG_MAJOR}-trixie
COPY --from=build /installed/ /
# The database that a new container makes has the extension.
RUN echo 'CREATE EXTENSION IF NOT EXISTS topcache;' \
	> /docker-entrypoint-initdb.d/topcache.sql
CMD ["postgres", "-c", "shared_preload_libraries=topcache"]
