/*
 * msgpack_emit_row.h
 *	  Template: values of any type, and rows, to MessagePack, into a sink.
 *
 * To be included after the template for jsonb, with the same definitions;
 * use TC_EMIT_NAME(value) and TC_EMIT_NAME(row) afterwards.  Functions return
 * false if the value is nested deeper than depth.
 */
#define emit_pack(name) TC_EMIT_NAME(pack##name)
#define emit_varlena	TC_EMIT_NAME(varlena)
#define emit_output		TC_EMIT_NAME(output)
#define emit_value		TC_EMIT_NAME(value)
#define emit_row		TC_EMIT_NAME(row)

/* A value that may have to be fetched or decompressed first. */
static inline bool
emit_varlena(TC_EMIT_SINK *sink, Datum value, TcMsgpackForm form, int depth)
{
	struct varlena *flat = PG_DETOAST_DATUM_PACKED(value);
	const char *data = VARDATA_ANY(flat);
	size_t length = VARSIZE_ANY_EXHDR(flat);
	bool complete = true;

	if (form == FORM_JSONB)
		complete = TC_EMIT_NAME(jsonb)(sink, data, depth);
	else if (form == FORM_TEXT)
		TC_EMIT_TEXT(sink, data, length);
	else
	{
		emit_pack(_bin)(sink, length);
		emit_pack(_bin_body)(sink, data, length);
	}
	if ((Pointer) flat != DatumGetPointer(value))
		pfree(flat);
	return complete;
}

/* A value in its text form. */
static inline void
emit_output(TC_EMIT_SINK *sink, Datum value, TcMsgpackType *type)
{
	char *text = output_portably(&type->output, value);

	TC_EMIT_TEXT(sink, text, strlen(text));
	pfree(text);
}

static inline bool
emit_value(TC_EMIT_SINK *sink, Datum value, TcMsgpackType *type, int depth)
{
	switch (type->form)
	{
		case FORM_JSONB:
		case FORM_TEXT:
		case FORM_BYTEA:
			return emit_varlena(sink, value, type->form, depth);
		case FORM_INT2:
			emit_pack(_int64)(sink, DatumGetInt16(value));
			break;
		case FORM_INT4:
			emit_pack(_int64)(sink, DatumGetInt32(value));
			break;
		case FORM_INT8:
			emit_pack(_int64)(sink, DatumGetInt64(value));
			break;
		case FORM_FLOAT4:
			emit_pack(_float)(sink, DatumGetFloat4(value));
			break;
		case FORM_FLOAT8:
			emit_pack(_double)(sink, DatumGetFloat8(value));
			break;
		case FORM_BOOL:
			if (DatumGetBool(value))
				emit_pack(_true)(sink);
			else
				emit_pack(_false)(sink);
			break;
		case FORM_NAME:
			TC_EMIT_TEXT(sink, NameStr(*DatumGetName(value)),
						 strlen(NameStr(*DatumGetName(value))));
			break;
		case FORM_OUTPUT:
			emit_output(sink, value, type);
			break;
	}
	return true;
}

/*
 * A row as a map, which is itself one level.  Where nil is NULL, JSON's null
 * has to be something else.
 */
static inline bool
emit_row(TC_EMIT_SINK *sink, TcMsgpackShape *shape, const Datum *values,
		 const bool *nulls, int depth)
{
	if (depth <= 0)
		return false;
	emit_pack(_map)(sink, shape->ncolumns);
	for (int i = 0; i < shape->ncolumns; i++)
	{
		TcMsgpackColumn *column = &shape->columns[i];

		TC_EMIT_APPEND(sink, column->name, column->name_bytes);
		if (nulls[column->index])
			emit_pack(_nil)(sink);
		else if (column->type.form == FORM_JSONB &&
				 is_json_null(values[column->index]))
		{
			emit_pack(_ext)(sink, TC_EXT_NULL_BYTES, TC_EXT_NULL);
			emit_pack(_ext_body)(sink, TC_EXT_NULL_TEXT, TC_EXT_NULL_BYTES);
		}
		else if (!emit_value(sink, values[column->index], &column->type,
							 depth - 1))
			return false;
	}
	return true;
}

#undef emit_pack
#undef emit_varlena
#undef emit_output
#undef emit_value
#undef emit_row
