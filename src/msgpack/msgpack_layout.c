/*-------------------------------------------------------------------------
 *
 * msgpack_layout.c
 *	  PostgreSQL's types and the columns of rows, prepared for MessagePack in
 *	  either direction.
 *
 * Structure: types first, then rows.
 *
 * Failure: errors of the catalog's.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/lsyscache.h"

#include "msgpack/msgpack_layout.h"

/* Types that have a form of their own here. */
static const struct
{
	Oid type;
	TcMsgpackForm form;
} native_forms[] = {{JSONBOID, FORM_JSONB},	  {INT2OID, FORM_INT2},
					{INT4OID, FORM_INT4},	  {INT8OID, FORM_INT8},
					{FLOAT4OID, FORM_FLOAT4}, {FLOAT8OID, FORM_FLOAT8},
					{BOOLOID, FORM_BOOL},	  {TEXTOID, FORM_TEXT},
					{VARCHAROID, FORM_TEXT},  {BPCHAROID, FORM_TEXT},
					{JSONOID, FORM_TEXT},	  {BYTEAOID, FORM_BYTEA}};

static TcMsgpackForm
native_form(Oid typid)
{
	for (int i = 0; i < lengthof(native_forms); i++)
	{
		if (native_forms[i].type == typid)
			return native_forms[i].form;
	}
	return FORM_OUTPUT;
}

void
tc_msgpack_layout_type(TcMsgpackType *type, Oid typid, int32 typmod,
					   MemoryContext context)
{
	Oid output;
	bool is_varlena;

	type->id = typid;
	type->typmod = typmod;
	type->context = context;
	type->base = InvalidOid;
	type->domain = NULL;
	type->form = native_form(typid);
	if (type->form == FORM_OUTPUT)
		type->form = native_form(getBaseType(typid));
	if (type->form == FORM_OUTPUT)
	{
		getTypeOutputInfo(typid, &output, &is_varlena);
		fmgr_info_cxt(output, &type->output, context);
	}
}

void
tc_msgpack_layout_input(TcMsgpackType *type)
{
	Oid input;

	if (OidIsValid(type->base))
		return;
	getTypeInputInfo(type->id, &input, &type->input_param);
	fmgr_info_cxt(input, &type->input, type->context);
	type->base = getBaseType(type->id);
}

/* A column's name, which belongs to the relation and may change with it. */
static void
set_name(TcMsgpackColumn *column, const char *name)
{
	char *utf8 = pg_server_to_any(name, (int) strlen(name), PG_UTF8);

	column->name = utf8 == name ? pstrdup(name) : utf8;
	column->name_length = strlen(utf8);
}

TcMsgpackLayout *
tc_msgpack_layout_create(TupleDesc desc, MemoryContext context)
{
	MemoryContext old_context = MemoryContextSwitchTo(context);
	TcMsgpackLayout *layout;

	layout = palloc0(offsetof(TcMsgpackLayout, columns) +
					 desc->natts * sizeof(TcMsgpackColumn));
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);
		TcMsgpackColumn *column = &layout->columns[layout->ncolumns];

		if (attribute->attisdropped)
			continue;
		column->index = i;
		column->generated = attribute->attgenerated != '\0';
		tc_msgpack_layout_type(&column->type, attribute->atttypid,
							   attribute->atttypmod, context);
		set_name(column, NameStr(attribute->attname));
		layout->ncolumns++;
	}
	MemoryContextSwitchTo(old_context);
	return layout;
}
