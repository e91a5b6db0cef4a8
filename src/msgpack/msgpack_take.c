/*-------------------------------------------------------------------------
 *
 * msgpack_take.c
 *	  MessagePack to values of any type, and to rows.
 *
 * Structure: a row is walked first, to its end, and each column keeps where
 * the last value for it lies; then each of those becomes a value.  A value is
 * made directly where MessagePack has a form for the type, and by the type's
 * input function otherwise.
 *
 * Concurrency: none; what is prepared belongs to one backend.
 *
 * Failure: errors.  No more is allocated than one value for each column, and
 * each in proportion to its bytes.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/shortest_dec.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"

#include "base/pg_compat.h"
#include "msgpack/msgpack_number.h"
#include "msgpack/msgpack_problem.h"
#include "msgpack/msgpack_tape.h"
#include "msgpack/msgpack_text.h"
#include "msgpack/msgpack_types.h"
#include "msgpack/msgpack_walk.h"

static void
prepare_input(TcMsgpackType *type)
{
	Oid input;

	if (OidIsValid(type->base))
		return;
	getTypeInputInfo(type->id, &input, &type->input_param);
	fmgr_info_cxt(input, &type->input, type->context);
	type->base = getBaseType(type->id);
}

/* A message, all of it. */
static TcMsgpackInput
whole_input(bytea *data, int max_depth)
{
	TcMsgpackInput input = {.data = VARDATA_ANY(data),
							.length = VARSIZE_ANY_EXHDR(data),
							.max_depth = max_depth,
							.any_text = tc_msgpack_any_text()};

	return input;
}

static void
report_problem(const TcMsgpackProblem *problem)
{
	tc_msgpack_report(TC_MSGPACK_INVALID, problem);
}

/* A value of a kind that the type has no use for. */
static void
report_kind(const TcWalkValue *value, const char *expected)
{
	TcMsgpackProblem problem;

	tc_problem_note(&problem, value->begin, tc_item_kind_name(value->item.kind),
					"%s", expected);
	report_problem(&problem);
}

/* -----------------------------------------------------------------------
 * Text forms
 * -----------------------------------------------------------------------
 */

/* A str in the database's encoding, terminated. */
static char *
str_text(const TcItem *item)
{
	const char *payload = (const char *) item->payload;
	char *text;

	if (tc_msgpack_converts())
	{
		text = pg_any_to_server(payload, (int) item->value, PG_UTF8);
		if (text != payload)
			return text;
	}
	return pnstrdup(payload, item->value);
}

static double
item_double(const TcItem *item)
{
	uint32 bits = (uint32) item->value;
	float narrow;
	double wide;

	if (item->kind == TC_ITEM_FLOAT)
	{
		memcpy(&narrow, &bits, sizeof(narrow));
		return narrow;
	}
	memcpy(&wide, &item->value, sizeof(wide));
	return wide;
}

/* The shortest text that is read as the same float. */
static char *
float_text(const TcItem *item)
{
	char *text = palloc(TC_SHORTEST_BYTES);

	if (item->kind == TC_ITEM_FLOAT)
		float_to_shortest_decimal_buf((float) item_double(item), text);
	else
		double_to_shortest_decimal_buf(item_double(item), text);
	return text;
}

/* Extensions that mean something, by themselves or in jsonb. */
static char *
ext_text(const TcWalkValue *value, const char *expected)
{
	const TcItem *item = &value->item;
	int64_t seconds;
	uint32_t nanoseconds;
	char *text;

	if (item->ext_type == TC_EXT_DECIMAL &&
		tc_number_text_valid((const char *) item->payload, item->value))
		return pnstrdup((const char *) item->payload, item->value);
	if (item->ext_type == TC_EXT_TIMESTAMP &&
		tc_tape_read_timestamp(item, &seconds, &nanoseconds))
	{
		text = palloc0(TC_TIMESTAMP_BYTES + 1);
		(void) tc_text_write_timestamp(text, seconds, nanoseconds);
		return text;
	}
	report_kind(value, expected);
	return NULL;
}

/* The text form of a value that is no array or map. */
static char *
value_text(const TcWalkValue *value, const char *expected)
{
	const TcItem *item = &value->item;

	switch (item->kind)
	{
		case TC_ITEM_STR:
			return str_text(item);
		case TC_ITEM_FALSE:
			return pstrdup("false");
		case TC_ITEM_TRUE:
			return pstrdup("true");
		case TC_ITEM_UNSIGNED:
			return psprintf(UINT64_FORMAT, (uint64) item->value);
		case TC_ITEM_NEGATIVE:
			return psprintf("-" UINT64_FORMAT, (uint64) item->value);
		case TC_ITEM_FLOAT:
		case TC_ITEM_DOUBLE:
			return float_text(item);
		case TC_ITEM_EXT:
			return ext_text(value, expected);
		default:
			report_kind(value, expected);
			return NULL;
	}
}

/* -----------------------------------------------------------------------
 * Values
 * -----------------------------------------------------------------------
 */

/* An integer that the type has, if it is one. */
static bool
take_integer(const TcItem *item, TcMsgpackForm form, Datum *datum)
{
	uint64 limit = form == FORM_INT2 ? PG_INT16_MAX
		: form == FORM_INT4			 ? PG_INT32_MAX
									 : PG_INT64_MAX;
	int64 number;

	if (item->kind == TC_ITEM_UNSIGNED && item->value <= limit)
		number = (int64) item->value;
	else if (item->kind == TC_ITEM_NEGATIVE && item->value <= limit + 1)
		number = (int64) (-item->value);
	else
		return false;
	if (form == FORM_INT2)
		*datum = Int16GetDatum((int16) number);
	else if (form == FORM_INT4)
		*datum = Int32GetDatum((int32) number);
	else
		*datum = Int64GetDatum(number);
	return true;
}

static bool
take_float(const TcItem *item, TcMsgpackForm form, Datum *datum)
{
	if (item->kind != TC_ITEM_FLOAT && item->kind != TC_ITEM_DOUBLE)
		return false;
	*datum = Float8GetDatum(item_double(item));
	if (form == FORM_FLOAT4)
		*datum = item->kind == TC_ITEM_FLOAT
			? Float4GetDatum((float) item_double(item))
			: DirectFunctionCall1(dtof, *datum);
	return true;
}

/* Bytes, or text, as they are. */
static bool
take_bytes(const TcItem *item, TcMsgpackType *type, Datum *datum)
{
	if (item->kind == TC_ITEM_BIN && type->base == BYTEAOID)
		*datum = PointerGetDatum(
			cstring_to_text_with_len((const char *) item->payload,
									 (int) item->value));
	else if (item->kind == TC_ITEM_STR && type->base == TEXTOID &&
			 !tc_msgpack_converts())
		*datum = PointerGetDatum(
			cstring_to_text_with_len((const char *) item->payload,
									 (int) item->value));
	else
		return false;
	return true;
}

/* The document that a value is. */
static Jsonb *
take_document(const TcMsgpackInput *input, const TcWalkValue *value)
{
	TcMsgpackInput slice = *input;

	slice.begin = value->begin;
	slice.length = value->end;
	return tc_msgpack_input_to_jsonb(&slice);
}

/* A value in the form that MessagePack has for the type, if it is in that. */
static bool
take_native(TcMsgpackType *type, const TcMsgpackInput *input,
			const TcWalkValue *value, Datum *datum)
{
	const TcItem *item = &value->item;

	switch (type->form)
	{
		case FORM_JSONB:
			*datum = JsonbPGetDatum(take_document(input, value));
			return true;
		case FORM_INT2:
		case FORM_INT4:
		case FORM_INT8:
			return take_integer(item, type->form, datum);
		case FORM_FLOAT4:
		case FORM_FLOAT8:
			return take_float(item, type->form, datum);
		case FORM_BOOL:
			*datum = BoolGetDatum(item->kind == TC_ITEM_TRUE);
			return item->kind == TC_ITEM_TRUE || item->kind == TC_ITEM_FALSE;
		case FORM_TEXT:
		case FORM_BYTEA:
			return take_bytes(item, type, datum);
		case FORM_NAME:
		case FORM_OUTPUT:
			break;
	}
	return false;
}

/* A value as text for the type's input function. */
static char *
take_text(TcMsgpackType *type, const TcMsgpackInput *input,
		  const TcWalkValue *value)
{
	Jsonb *document;

	if (type->base == JSONOID && value->item.kind != TC_ITEM_STR)
	{
		document = take_document(input, value);
		return JsonbToCString(NULL, &document->root, VARSIZE(document));
	}
	if (type->form == FORM_BYTEA && value->item.kind != TC_ITEM_STR)
		report_kind(value, "a byte string, or its text form");
	return value_text(value, "a string, a number or a boolean");
}

/* A value of the type; false if it is NULL. */
static bool
take_value(TcMsgpackType *type, const TcMsgpackInput *input,
		   const TcWalkValue *value, Datum *datum)
{
	bool is_null = value->item.kind == TC_ITEM_NIL;

	prepare_input(type);
	*datum = (Datum) 0;
	if (!is_null && !take_native(type, input, value, datum))
		*datum = InputFunctionCall(&type->input, take_text(type, input, value),
								   type->input_param, type->typmod);
	else if (type->base != type->id)
		domain_check(*datum, is_null, type->id, &type->domain, type->context);
	return !is_null;
}

bool
tc_msgpack_to_value(bytea *data, Oid typid, int32 typmod, int max_depth,
					Datum *datum)
{
	TcMsgpackInput input = whole_input(data, max_depth);
	TcMsgpackProblem problem;
	TcMsgpackType type;
	TcWalkValue value;
	TcWalk walk;

	tc_msgpack_type_init(&type, typid, typmod, CurrentMemoryContext);
	if (type.form == FORM_JSONB)
	{
		/* a document of its own: not even nil is NULL */
		*datum = JsonbPGetDatum(tc_msgpack_input_to_jsonb(&input));
		if (typid != JSONBOID)
			domain_check(*datum, false, typid, NULL, NULL);
		return true;
	}
	tc_walk_begin(&walk, &input, &problem);
	if (!tc_walk_value(&walk, &value) || !tc_walk_end(&walk))
		report_problem(&problem);
	return take_value(&type, &input, &value, datum);
}

/* -----------------------------------------------------------------------
 * Rows
 * -----------------------------------------------------------------------
 */

/* The column with this name; most follow the one that was found before. */
static int
find_column(const TcMsgpackShape *shape, const TcItem *name, int expected)
{
	for (int i = 0; i < shape->ncolumns; i++)
	{
		int at = (expected + i) % shape->ncolumns;
		const TcMsgpackColumn *column = &shape->columns[at];
		size_t length = column->name_length;

		if (length == name->value &&
			memcmp(column->name + column->name_bytes - length, name->payload,
				   length) == 0)
			return at;
	}
	return -1;
}

static void
report_unknown(const TcWalkValue *name, const char *relation)
{
	char *text = str_text(&name->item);

	text[pg_mbcliplen(text, (int) strlen(text), NAMEDATALEN - 1)] = '\0';
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_COLUMN),
			 errmsg("column \"%s\" of relation \"%s\" does not exist", text,
					relation),
			 errdetail("It is named at byte %zu.", name->begin)));
}

/* Walk over the row, and note the last value for each of the columns. */
static void
walk_row(const TcMsgpackShape *shape, const TcMsgpackInput *input,
		 const char *relation, TcWalkValue *found)
{
	TcMsgpackProblem problem;
	TcWalk walk;
	uint64_t pairs;
	int column = -1;

	tc_walk_begin(&walk, input, &problem);
	if (!tc_walk_map(&walk, &pairs))
		report_problem(&problem);
	for (; pairs > 0; pairs--)
	{
		TcWalkValue name;

		CHECK_FOR_INTERRUPTS();
		if (!tc_walk_key(&walk, &name))
			report_problem(&problem);
		column = find_column(shape, &name.item, column + 1);
		if (column < 0)
			report_unknown(&name, relation);
		if (!tc_walk_value(&walk, &found[column]))
			report_problem(&problem);
	}
	if (!tc_walk_end(&walk))
		report_problem(&problem);
}

void
tc_msgpack_to_row(TcMsgpackShape *shape, bytea *data, int max_depth,
				  TcMsgpackRow *row)
{
	TcMsgpackInput input = whole_input(data, max_depth);
	TcWalkValue *found = palloc0(Max(shape->ncolumns, 1) * sizeof(*found));

	walk_row(shape, &input, row->relation, found);
	input.depth = 1; /* the map is around the values */
	row->given = NULL;
	for (int i = 0; i < shape->ncolumns; i++)
	{
		TcMsgpackColumn *column = &shape->columns[i];

		if (found[i].end == 0 || column->generated)
			continue;
		row->nulls[column->index] =
			!take_value(&column->type, &input, &found[i],
						&row->values[column->index]);
		row->given = bms_add_member(row->given, column->index + 1);
	}
	pfree(found);
}
