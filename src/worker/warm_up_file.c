/*-------------------------------------------------------------------------
 *
 * warm_up_file.c
 *	  The file that says which records were resident, and when they were used.
 *
 * Structure: a header, the maps, and one entry for each record: the time of
 * its last use, the number of its map, and its key as the record's data begins
 * with it.  There are no values in it, since it is no truth: whoever loads
 * from it reads the table.  The entries are in the order of the index; who
 * reads the file puts them in the order of use.
 *
 * A file belongs to the server that wrote it, in the version that wrote it:
 * keys are in memory's own form.  The header says so, and has a checksum of
 * all that follows.
 *
 * Concurrency: only the background worker writes, to a temporary file that
 * takes the place of the old one when it is on disk.  Going through the
 * records holds a lock for a small part of the index at a time.  The file is
 * read by mapping it; one that is replaced meanwhile stays as it was.
 *
 * Whatever else has the file's name, be it a FIFO, a folder or a link, is not
 * waited for, not followed and not read: only a regular file that belongs to
 * the server's own user is taken.  A new file takes the place of anything but
 * a folder.
 *
 * Failure: what can't be written is logged and left.  What can't be read is
 * no file.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "access/xlog.h"
#include "miscadmin.h"
#include "port/pg_crc32c.h"
#include "storage/fd.h"
#include "utils/timestamp.h"

#include "base/pg_compat.h"
#include "segment/index/walk.h"
#include "segment/maps/map_table.h"
#include "segment/memory/map_entry.h"
#include "segment/memory/segment.h"
#include "worker/warm_up_file.h"

#define WARM_FILE	  "topcache.warm"
#define WARM_FILE_TMP WARM_FILE ".tmp"
#define WARM_MAGIC	  "TOPCWARM"
#define WARM_VERSION  1

typedef struct WarmHeader
{
	char magic[8];
	uint32 version;
	uint32 server_version; /* whose types keys are of */
	uint64 system_identifier;
	uint64 bytes; /* that follow */
	uint32 nmaps;
	pg_crc32c crc; /* of all that follows */
} WarmHeader;

/* Before the bytes of a key, which are padded to the next entry. */
typedef struct WarmEntry
{
	int64 used; /* TimestampTz */
	uint32 map;
	uint32 bytes;
} WarmEntry;

StaticAssertDecl(sizeof(WarmHeader) % MAXIMUM_ALIGNOF == 0 &&
					 sizeof(TcWarmUpMap) % MAXIMUM_ALIGNOF == 0 &&
					 sizeof(WarmEntry) % MAXIMUM_ALIGNOF == 0,
				 "keys are aligned as in a record");
StaticAssertDecl(sizeof(WarmHeader) == 40 && sizeof(TcWarmUpMap) == 16 &&
					 sizeof(WarmEntry) == 16,
				 "what is written has no gaps");

struct TcWarmUpFile
{
	char *start;
	Size bytes;
	const WarmHeader *header;
};

/* ----- writing ----- */

/* A map whose records are written. */
typedef struct Listed
{
	TcWarmUpMap map;
	TcMapEntry entry;
	TcKeyLayout layout;
	bool written;
} Listed;

typedef struct Writer
{
	FILE *file;
	WarmHeader header;
	bool failed;
} Writer;

/* Write some bytes and count them in. */
static void
put(Writer *writer, const void *data, Size bytes)
{
	static const char padding[MAXIMUM_ALIGNOF] = {0};
	Size padded = MAXALIGN(bytes) - bytes;

	COMP_CRC32C(writer->header.crc, data, bytes);
	COMP_CRC32C(writer->header.crc, padding, padded);
	writer->header.bytes += bytes + padded;
	if (fwrite(data, 1, bytes, writer->file) != bytes ||
		fwrite(padding, 1, padded, writer->file) != padded)
		writer->failed = true;
}

/* The maps whose records are worth writing, by the numbers of their entries. */
static Listed *
list_maps(uint32 *n)
{
	Listed *list;

	*n = tc_map_entry_count();
	list = palloc0(Max(*n, 1) * sizeof(Listed));
	for (uint32 i = 0; i < *n; i++)
	{
		TcMapIdentity identity;

		if (!tc_map_table_describe(i, &identity, &list[i].entry,
								   &list[i].layout) ||
			identity.never_evicted || list[i].layout.n == 0)
			continue;
		list[i].written = true;
		list[i].map.database = identity.database;
		list[i].map.relation = identity.relation;
		list[i].map.layout = identity.fingerprint;
	}
	return list;
}

/* Write the key of a record that a walk has come by; true when it was. */
static bool
put_entry(Writer *writer, const Listed *list, uint32 nmaps,
		  const TcWalkRecord *record)
{
	WarmEntry entry = {record->last_access, record->map, 0};

	if (record->map >= nmaps || !list[record->map].written ||
		list[record->map].entry.generation != record->generation ||
		record->version.negative)
		return false;
	entry.bytes = tc_key_layout_end(&list[record->map].layout, record->data,
									record->version.data_bytes);
	if (entry.bytes == 0)
		return false;
	put(writer, &entry, sizeof(entry));
	put(writer, record->data, entry.bytes);
	return true;
}

static int64
put_all(Writer *writer)
{
	uint32 nmaps;
	Listed *list = list_maps(&nmaps);
	TcWalk walk;
	const TcWalkRecord *record;
	int64 written = 0;

	tc_walk_init(&walk, CurrentMemoryContext);
	writer->header.nmaps = nmaps;
	for (uint32 i = 0; i < nmaps; i++)
		put(writer, &list[i].map, sizeof(TcWarmUpMap));
	while (!writer->failed && (record = tc_walk_next(&walk, NULL)) != NULL)
	{
		if (put_entry(writer, list, nmaps, record))
			written++;
	}
	pfree(list);
	return written;
}

/* Complete the header and close the file. */
static void
finish(Writer *writer)
{
	FIN_CRC32C(writer->header.crc);
	if (fseek(writer->file, 0, SEEK_SET) != 0 ||
		fwrite(&writer->header, 1, sizeof(WarmHeader), writer->file) !=
			sizeof(WarmHeader))
		writer->failed = true;
	if (FreeFile(writer->file) != 0)
		writer->failed = true;
}

/* Is it a regular file of the server's own user? */
static bool
is_own_file(const struct stat *status)
{
	return S_ISREG(status->st_mode) && status->st_uid == geteuid();
}

/* Make a name free; false when that can't be done, which is logged. */
static bool
remove_name(const char *name)
{
	if (unlink(name) == 0 || errno == ENOENT)
		return true;
	ereport(LOG,
			(errcode_for_file_access(),
			 errmsg("topcache: could not remove file \"%s\": %m", name)));
	return false;
}

/*
 * Put the new file in the place of the old one.  That would be opened first,
 * so what is none of ours is removed.
 */
static bool
replace_file(void)
{
	struct stat status;
	bool in_the_way = lstat(WARM_FILE, &status) == 0 && !is_own_file(&status);

	return (!in_the_way || remove_name(WARM_FILE)) &&
		durable_rename(WARM_FILE_TMP, WARM_FILE, LOG) == 0;
}

int64
tc_warm_up_file_write(void)
{
	Writer writer = {0};
	int64 written;

	/* one of this name may be anything: only a new one is written to */
	if (!remove_name(WARM_FILE_TMP))
		return 0;
	writer.file = AllocateFile(WARM_FILE_TMP, PG_BINARY_W "x");
	if (writer.file == NULL)
	{
		ereport(LOG,
				(errcode_for_file_access(),
				 errmsg("topcache: could not create file \"%s\": %m",
						WARM_FILE_TMP)));
		return 0;
	}
	memcpy(writer.header.magic, WARM_MAGIC, sizeof(writer.header.magic));
	writer.header.version = WARM_VERSION;
	writer.header.server_version = tc_server_major;
	writer.header.system_identifier = GetSystemIdentifier();
	INIT_CRC32C(writer.header.crc);
	if (fwrite(&writer.header, 1, sizeof(WarmHeader), writer.file) !=
		sizeof(WarmHeader))
		writer.failed = true;
	written = put_all(&writer);
	finish(&writer);
	if (writer.failed)
	{
		ereport(LOG,
				(errcode_for_file_access(),
				 errmsg("topcache: could not write to file \"%s\": %m",
						WARM_FILE_TMP)));
		unlink(WARM_FILE_TMP);
		return 0;
	}
	if (!replace_file())
	{
		unlink(WARM_FILE_TMP);
		return 0;
	}
	return written;
}

/* ----- reading ----- */

/* What is wrong with what the file holds, if anything is. */
static const char *
why_unusable(const TcWarmUpFile *file)
{
	const WarmHeader *header = file->header;
	pg_crc32c crc;

	if (file->bytes < sizeof(WarmHeader) ||
		memcmp(header->magic, WARM_MAGIC, sizeof(header->magic)) != 0)
		return "It is no file of topcache's.";
	if (header->version != WARM_VERSION ||
		header->server_version != tc_server_major)
		return "It was written by another version.";
	if (header->system_identifier != GetSystemIdentifier())
		return "It was written by another server.";
	if (header->bytes != file->bytes - sizeof(WarmHeader) ||
		header->nmaps > header->bytes / sizeof(TcWarmUpMap))
		return "It is not complete.";
	INIT_CRC32C(crc);
	COMP_CRC32C(crc, file->start + sizeof(WarmHeader), header->bytes);
	FIN_CRC32C(crc);
	return EQ_CRC32C(crc, header->crc) ? NULL : "It is damaged.";
}

/* Map an open file into memory; what is wrong with it, if anything is. */
static const char *
map_file(TcWarmUpFile *file, int fd)
{
	struct stat status;
	void *start;

	if (fstat(fd, &status) != 0 || !is_own_file(&status))
		return "It is no regular file of the server's own user.";
	if (status.st_size == 0)
		return "It is empty.";
	start = mmap(NULL, status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (start == MAP_FAILED)
		return "It could not be mapped into memory.";
	file->bytes = status.st_size;
	file->start = start;
	file->header = start;
	return why_unusable(file);
}

/*
 * Open and map the file; what is wrong with it, if anything is.  The name may
 * be that of a FIFO, which must not be waited for.
 */
static const char *
take_file(TcWarmUpFile *file)
{
	int fd = OpenTransientFile(WARM_FILE,
							   O_RDONLY | O_NONBLOCK | O_NOFOLLOW | PG_BINARY);
	const char *problem;

	if (fd < 0)
		return psprintf("It could not be opened: %s.", strerror(errno));
	problem = map_file(file, fd);
	CloseTransientFile(fd);
	return problem;
}

TcWarmUpFile *
tc_warm_up_file_open(bool complain)
{
	TcWarmUpFile *file;
	struct stat status;
	const char *problem;

	/* after the first start there is none */
	if (lstat(WARM_FILE, &status) != 0 && errno == ENOENT)
		return NULL;
	file = palloc0(sizeof(TcWarmUpFile));
	problem = take_file(file);
	if (problem == NULL)
		return file;
	if (complain)
		ereport(LOG,
				(errmsg("topcache: ignoring file \"%s\"", WARM_FILE),
				 errdetail_internal("%s", problem)));
	tc_warm_up_file_close(file);
	return NULL;
}

void
tc_warm_up_file_close(TcWarmUpFile *file)
{
	if (file->start != NULL)
		munmap(file->start, file->bytes);
	pfree(file);
}

const TcWarmUpMap *
tc_warm_up_file_maps(const TcWarmUpFile *file, int *n)
{
	*n = file->header->nmaps;
	return (const TcWarmUpMap *) (file->start + sizeof(WarmHeader));
}

/* Step to the next entry; NULL at the end. */
static const WarmEntry *
next_entry(const TcWarmUpFile *file, Size *position)
{
	const WarmEntry *entry;

	if (*position + sizeof(WarmEntry) > file->bytes)
		return NULL;
	entry = (const WarmEntry *) (file->start + *position);
	*position += sizeof(WarmEntry) + MAXALIGN((Size) entry->bytes);
	return *position <= file->bytes && entry->map < file->header->nmaps ? entry
																		: NULL;
}

/* Those that were used last come first. */
static int
compare_entries(const void *a, const void *b)
{
	int64 x = (*(const WarmEntry *const *) a)->used;
	int64 y = (*(const WarmEntry *const *) b)->used;

	return x > y ? -1 : x < y ? 1 : 0;
}

/* The entries of a database, in the order of use. */
static const WarmEntry **
sorted_entries(const TcWarmUpFile *file, Oid database, int64 *n)
{
	int nmaps;
	const TcWarmUpMap *maps = tc_warm_up_file_maps(file, &nmaps);
	Size position = sizeof(WarmHeader) + nmaps * sizeof(TcWarmUpMap);
	Size capacity = 1024;
	const WarmEntry **list = palloc(capacity * sizeof(WarmEntry *));
	const WarmEntry *entry;

	*n = 0;
	while ((entry = next_entry(file, &position)) != NULL)
	{
		if (maps[entry->map].database != database)
			continue;
		if (*n == capacity)
		{
			capacity *= 2;
			list = repalloc_huge(list, capacity * sizeof(WarmEntry *));
		}
		list[(*n)++] = entry;
	}
	qsort(list, *n, sizeof(WarmEntry *), compare_entries);
	return list;
}

int64
tc_warm_up_file_keys(const TcWarmUpFile *file, Oid database, TcWarmKey **keys,
					 uint32 **map)
{
	uint64 now_us = tc_segment_clock_us();
	int64 n;
	const WarmEntry **list = sorted_entries(file, database, &n);

	*keys = MemoryContextAllocHuge(CurrentMemoryContext,
								   Max(n, 1) * sizeof(TcWarmKey));
	*map = MemoryContextAllocHuge(CurrentMemoryContext,
								  Max(n, 1) * sizeof(uint32));
	for (int64 i = 0; i < n; i++)
	{
		/* in that order, within the time that the segment has been there */
		(*keys)[i].recency_us =
			1 + (uint64) ((double) now_us * (n - i) / (n + 1));
		(*keys)[i].data = (const char *) (list[i] + 1);
		(*keys)[i].bytes = list[i]->bytes;
		(*map)[i] = list[i]->map;
	}
	pfree(list);
	return n;
}
