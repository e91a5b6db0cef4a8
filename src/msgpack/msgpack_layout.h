/*
 * msgpack_layout.h
 *	  PostgreSQL's types and the columns of rows, prepared for MessagePack in
 *	  either direction.
 *
 * What is inside is private to the codec.
 */
#ifndef TC_MSGPACK_LAYOUT_H
#define TC_MSGPACK_LAYOUT_H

#include "access/tupdesc.h"
#include "fmgr.h"

/* How the values of a type are encoded. */
typedef enum TcMsgpackForm
{
	FORM_JSONB,
	FORM_INT2,
	FORM_INT4,
	FORM_INT8,
	FORM_FLOAT4,
	FORM_FLOAT8,
	FORM_BOOL,
	FORM_TEXT, /* is stored as text and nothing else */
	FORM_BYTEA,
	FORM_OUTPUT /* as the text that its output function makes */
} TcMsgpackForm;

typedef struct TcMsgpackType
{
	TcMsgpackForm form;
	Oid id;
	int32 typmod;
	FmgrInfo output; /* of FORM_OUTPUT only */

	/* for decoding; prepared when first needed */
	Oid base; /* what a domain is over; else the type itself */
	FmgrInfo input;
	Oid input_param;
	void *domain; /* what domain_check() keeps */
	MemoryContext context;
} TcMsgpackType;

typedef struct TcMsgpackColumn
{
	int index;		  /* attribute number less one */
	const char *name; /* as it is outside */
	size_t name_length;
	bool generated;
	TcMsgpackType type;
} TcMsgpackColumn;

/* The columns of a row type, for any number of its rows. */
typedef struct TcMsgpackLayout
{
	int ncolumns;
	TcMsgpackColumn columns[FLEXIBLE_ARRAY_MEMBER];
} TcMsgpackLayout;

/*
 * The layout of a row type, allocated in the memory context given.  Dropped
 * columns are left out.
 */
extern TcMsgpackLayout *tc_msgpack_layout_create(TupleDesc desc,
												 MemoryContext context);

/* Prepare for values of a type; domains are as what they are over. */
extern void tc_msgpack_layout_type(TcMsgpackType *type, Oid typid, int32 typmod,
								   MemoryContext context);

/* Prepare for decoding such values too. */
extern void tc_msgpack_layout_input(TcMsgpackType *type);

#endif /* TC_MSGPACK_LAYOUT_H */
