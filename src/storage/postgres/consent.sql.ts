/** Of an insert into `consent as c`: what is allowed comes beside what was allowed before. */
export const ON_CONSENT_BEFORE = `on conflict (subject, client) do update
  set scopes = array(select distinct unnest(c.scopes || excluded.scopes) order by 1), granted_at = excluded.granted_at`;
