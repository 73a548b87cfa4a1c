/**
 * The key of the repair lock, "kc-d" and "octo" in ASCII. Advisory locks belong to one database of one server, which is one
 * platform, so the database is the identity. Nothing else of it is hashed in: a login that may not read the system identifier, or
 * a machine that does not see Docker, would come to another key and be granted a second lock.
 */
export const LOCK_CLASS = 0x6b63_2d64;
export const LOCK_OBJECT = 0x6f63_746f;
/** Held for the time of one transaction, so that two first entries do not make the schema at once. */
export const SCHEMA_OBJECT = LOCK_OBJECT + 1;

/** How `pg_locks` shows a key of two int4 (PostgreSQL documentation, 53.13). */
export const SHOWS_LOCK = `l.locktype = 'advisory'
    and l.database = (select d.oid from pg_database d where d.datname = current_database())
    and l.classid = ${LOCK_CLASS}
    and l.objid = ${LOCK_OBJECT}
    and l.objsubid = 2
    and l.granted`;
