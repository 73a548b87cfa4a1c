/**
 * SQL for a text field of a metadata column, which holds a JSON object or a JSON string with an object in it. The string is
 * searched and not parsed: before Postgres 16 a text that is no JSON cannot be told without an error that ends the query.
 */
export function metadataField(column: string, ...names: readonly [string, ...string[]]): string {
  const pattern = `"(?:${names.join('|')})"\\s*:\\s*"([^"\\\\]+)"`;
  const ofObject = names.map((name) => `${column} ->> '${name}'`).join(', ');
  return `nullif(lower(btrim(case jsonb_typeof(${column})
    when 'object' then coalesce(${ofObject})
    when 'string' then substring(${column} #>> '{}' from '${pattern}')
  end)), '')`;
}
