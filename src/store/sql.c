/* SQLite asked and its refusals told, for all files of the store that it is. */
#include "store/sqlite.h"

const char *sql_advice(int code)
{
	switch (code & 0xff) {
	case SQLITE_FULL: return ": make room in the state folder";
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB: return ": restore a backup with `mltopd restore FILE`";
	default: return "";
	}
}

bool sql_fail(sqlite3 *db, const char *what, struct err *e)
{
	int code = sqlite3_errcode(db);

	return err_set(e, (code & 0xff) == SQLITE_CONSTRAINT ? ERR_CONFLICT : ERR_UNAVAILABLE,
		"%s: %s%s", what, sqlite3_errmsg(db), sql_advice(code));
}

bool sql_exec(sqlite3 *db, const char *sql, struct err *e)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK)
		return true;
	return sql_fail(db, "SQLite says", e);
}

bool sql_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **out, struct err *e)
{
	if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL) == SQLITE_OK)
		return true;
	return sql_fail(db, "SQLite says", e);
}

bool sql_int(sqlite3 *db, const char *sql, int64_t *out, struct err *e)
{
	sqlite3_stmt *q = NULL;
	bool good = sqlite3_prepare_v2(db, sql, -1, &q, NULL) == SQLITE_OK &&
		sqlite3_step(q) == SQLITE_ROW;

	if (good)
		*out = sqlite3_column_int64(q, 0);
	else
		sql_fail(db, "SQLite says", e);
	sqlite3_finalize(q);
	return good;
}
