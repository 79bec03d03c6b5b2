import type pg from 'pg';

/** Parts of the schema that a migration can change, each a query that gives one line for each thing, without names that vary. */
const PARTS: Readonly<Record<string, string>> = {
  tables: `
    select format('%s%s%s', c.oid::regclass,
      case when c.relrowsecurity then ', row level security' else ' WITHOUT ROW LEVEL SECURITY' end,
      case when c.relforcerowsecurity then ' forced' else '' end)
    from pg_class c where c.relkind in ('r', 'p', 'v', 'm') and c.relnamespace = 'concord'::regnamespace`,
  columns: `
    select format('%s.%s %s%s%s', c.oid::regclass, a.attname, format_type(a.atttypid, a.atttypmod),
      case when a.attnotnull then ' not null' else '' end,
      coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), ''))
    from pg_class c join pg_attribute a on a.attrelid = c.oid left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    where c.relkind in ('r', 'p', 'v', 'm') and c.relnamespace = 'concord'::regnamespace and a.attnum > 0 and not a.attisdropped`,
  constraints: `
    select format('%s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
    from pg_constraint where connamespace = 'concord'::regnamespace and contype <> 'n'`,
  indexes: `select indexdef from pg_indexes where schemaname = 'concord'`,
  triggers: `
    select pg_get_triggerdef(t.oid)
    from pg_trigger t join pg_class c on c.oid = t.tgrelid
    where not t.tgisinternal and c.relnamespace = 'concord'::regnamespace`,
  policies: `
    select format('%s %s %s for %s to %s using (%s)%s', tablename, policyname, lower(permissive), lower(cmd), array_to_string(roles, ', '),
      qual, coalesce(' with check (' || with_check || ')', ''))
    from pg_policies where schemaname = 'concord'`,
  functions: `
    select pg_get_functiondef(oid) from pg_proc where pronamespace = 'concord'::regnamespace`,
  'grants to the application': `
    select format('%s: %s', coalesce(c.oid::regclass::text, ''), string_agg(lower(g.privilege_type), ', ' order by g.privilege_type))
    from pg_class c, aclexplode(c.relacl) g join pg_roles r on r.oid = g.grantee
    where c.relnamespace in ('concord'::regnamespace, 'concord_meta'::regnamespace) and r.rolname = 'concord_app' group by c.oid
    union all
    select format('schema %s: %s', n.nspname, string_agg(lower(g.privilege_type), ', ' order by g.privilege_type))
    from pg_namespace n, aclexplode(n.nspacl) g join pg_roles r on r.oid = g.grantee where r.rolname = 'concord_app' group by n.nspname`,
  comments: `
    select format('%s%s: %s', d.objoid::regclass, coalesce('.' || a.attname, ''), d.description)
    from pg_description d join pg_class c on c.oid = d.objoid and d.classoid = 'pg_class'::regclass
      left join pg_attribute a on a.attrelid = d.objoid and a.attnum = d.objsubid and d.objsubid > 0
    where c.relnamespace = 'concord'::regnamespace`,
};

/** @returns the schema as text that a migration changes visibly, sorted by what PostgreSQL itself says. */
export async function describeSchema(client: pg.Client): Promise<string> {
  const parts: string[] = [];
  await client.query(`set search_path to ''`); // for every name to bear its schema, whatever the role is called
  for (const [name, query] of Object.entries(PARTS)) {
    const { rows } = await client.query<[string]>({ text: query, rowMode: 'array' });
    parts.push(`-- ${name}`, ...rows.map(([line]) => line.trim()).sort(), '');
  }
  return parts.join('\n');
}

/** @returns every table of the schema, read from PostgreSQL: one that a later migration adds is among them. */
export async function tablesOf(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query(
    `select relname from pg_class where relkind in ('r', 'p') and relnamespace = 'concord'::regnamespace order by relname`,
  );
  return rows.map(({ relname }) => relname);
}
