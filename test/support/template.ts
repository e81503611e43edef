/** Databases that every test's database is a copy of: migrated, empty. */
export const EMPTY = 'countersign_template';
/** As a service's first start leaves it: to make the keys takes longer than most tests. */
export const STARTED = 'countersign_template_started';
