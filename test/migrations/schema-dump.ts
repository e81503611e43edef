import type pg from 'pg';

/** What makes up the schema, one line for each thing, in an order that does not change. Partitions and the table of migrations left out. */
export async function dumpSchema(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ line: string }>(`
    with relation as (
      select c.oid, c.relname, c.relkind, c.reloptions, c.relacl
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = 'public' and c.relname !~ '^(migration|migration_id_seq|.*_[0-9]+)$'
    )
    select 'relation ' || relname || ' ' || relkind::text || ' ' || coalesce(reloptions::text, '') || ' ' ||
           coalesce(pg_get_partkeydef(oid), '') || ' ' || coalesce(pg_get_viewdef(case when relkind = 'v' then oid end), '') as line
    from relation where relkind in ('r', 'p', 'v', 'm', 'S')
    union all
    select 'column ' || r.relname || '.' || a.attnum || ' ' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull || ' ' ||
           coalesce(pg_get_expr(d.adbin, d.adrelid), '') || ' ' || a.attidentity::text || a.attgenerated::text || ' ' || a.attcollation || ' ' || a.attstorage::text
    from relation r join pg_attribute a on a.attrelid = r.oid left join pg_attrdef d on d.adrelid = r.oid and d.adnum = a.attnum
    where a.attnum > 0 and not a.attisdropped and r.relkind in ('r', 'p', 'v', 'm')
    union all
    select 'constraint ' || r.relname || ' ' || k.conname || ' ' || pg_get_constraintdef(k.oid) from relation r join pg_constraint k on k.conrelid = r.oid
    union all
    select 'index ' || pg_get_indexdef(i.indexrelid) || ' ' || i.indisvalid from relation r join pg_index i on i.indrelid = r.oid
    union all
    select 'trigger ' || pg_get_triggerdef(t.oid) from relation r join pg_trigger t on t.tgrelid = r.oid where not t.tgisinternal
    union all
    select 'function ' || p.proname || ' ' || pg_get_functiondef(p.oid) from pg_proc p where p.pronamespace = 'public'::regnamespace and p.prokind = 'f'
    union all
    select 'type ' || t.typname || ' ' || t.typtype::text from pg_type t where t.typnamespace = 'public'::regnamespace and t.typtype in ('e', 'd')
    union all
    select 'grant ' || r.relname || ' ' || coalesce(x.grantee::regrole::text, '') || ' ' || x.privilege_type || ' ' || x.is_grantable
    from relation r, aclexplode(r.relacl) x where x.grantee::regrole::text like 'countersign%'
    union all
    select 'column grant ' || r.relname || '.' || a.attname || ' ' || x.grantee::regrole::text || ' ' || x.privilege_type
    from relation r join pg_attribute a on a.attrelid = r.oid, aclexplode(a.attacl) x where x.grantee::regrole::text like 'countersign%'
    order by 1`);
  return rows.map((row) => row.line);
}
