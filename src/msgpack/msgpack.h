/*
 * msgpack.h
 *	  MessagePack: how records travel, and how their weight is measured.
 *
 * Values and rows are encoded as MessagePack or, by the same code, only
 * measured; MessagePack from outside is decoded to jsonb, to a value of a
 * column's type, or to a row.  What becomes what:
 *
 *		jsonb null, boolean, string, array		nil, bool, str, array
 *		jsonb object							map, keys in jsonb's order
 *		jsonb number that is an integer			int or uint, shortest form
 *		jsonb number that a double prints as	float 64
 *		any other jsonb number					extension 110, decimal text
 *		row										map of column names to values
 *		NULL in a row							nil
 *		smallint, integer, bigint				int, shortest form
 *		real, double precision, boolean			float 32, float 64, bool
 *		text, varchar, char(n), name, bytea		str, bin
 *		any other type							str of its text form
 *
 * To jsonb, 1.0 is not written like 1.  A number takes the form that gives
 * back the very same one, with all its decimals.
 *
 * In the other direction, float 32 becomes the integer it is or the number it
 * prints as, bin base64 text, a timestamp (extension -1) ISO 8601 text, and
 * an unknown extension an object {"type": number, "data": base64 text}.  Of
 * equal keys the last one wins; NaN and the infinities are refused.
 *
 * To a column, a value comes in the form in which it left.  Any number,
 * boolean, decimal or timestamp may stand for its text, and text for any
 * value that has a text form; NaN and the infinities are numbers then.  json
 * takes any document.
 *
 * Nesting is counted in arrays and maps (and objects made of extensions), one
 * inside the other; a scalar has none, a row is a map.  Strings are UTF-8
 * outside and in the database's encoding inside.
 *
 * MessagePack's format is msgpack-c's business, by its templates for packing
 * and unpacking; jsonb, numbers and text are PostgreSQL's, but for what is
 * measured with every record, which reads jsonb and numeric where they lie.
 *
 *		msgpack_layout		types and columns, prepared for either direction
 *		msgpack_encode		values and rows to MessagePack, or its length
 *		msgpack_number		the form that a number takes
 *		msgpack_decode		MessagePack to values and rows
 *		msgpack_jsonb		MessagePack to jsonb
 *		msgpack_text		the text that stands for a value
 *		msgpack_token		the bytes of a message, which may be hostile
 */
#ifndef TC_MSGPACK_H
#define TC_MSGPACK_H

/* The extension types of points in time, of decimals and of JSON's null. */
#define TC_MSGPACK_EXT_TIMESTAMP (-1)
#define TC_MSGPACK_EXT_DECIMAL	 110 /* 'n' */
#define TC_MSGPACK_EXT_NULL		 106 /* 'j' */

/* Payload of the extension that is JSON's null where nil is SQL's. */
#define TC_MSGPACK_NULL "null"

#endif /* TC_MSGPACK_H */
