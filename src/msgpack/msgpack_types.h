/*
 * msgpack_types.h
 *	  PostgreSQL's types in MessagePack, prepared for either direction.
 *
 * Private to the codec.
 */
#ifndef TC_MSGPACK_TYPES_H
#define TC_MSGPACK_TYPES_H

#include "fmgr.h"

#include "msgpack/msgpack.h"
#include "msgpack/msgpack_core.h"

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
	FORM_NAME,
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
	const char *name; /* already encoded, a whole str */
	size_t name_bytes;
	size_t name_length; /* of the str's text, at the end of it */
	bool generated;
	TcMsgpackType type;
} TcMsgpackColumn;

struct TcMsgpackShape
{
	int ncolumns;
	TcMsgpackColumn columns[FLEXIBLE_ARRAY_MEMBER];
};

/* Prepare for values of a type; domains are as what they are over. */
extern void tc_msgpack_type_init(TcMsgpackType *type, Oid typid, int32 typmod,
								 MemoryContext context);

/* Are strings here in another encoding than outside? */
extern bool tc_msgpack_converts(void);

/*
 * A jsonb of the value that the input names.  Text outside is UTF-8 but for
 * databases that do not say what theirs is.
 */
extern Jsonb *tc_msgpack_input_to_jsonb(const TcMsgpackInput *input);
extern bool tc_msgpack_any_text(void);

/* Raise the error that an outcome stands for; none if all is well. */
extern void tc_msgpack_report(TcMsgpackOutcome outcome,
							  const TcMsgpackProblem *problem);

#endif /* TC_MSGPACK_TYPES_H */
