/** DI token of the resolved options. */
export const ISSUANCE_OPTIONS = Symbol('IssuanceOptions');

/** DI token of every grant handler. */
export const GRANT_HANDLERS = Symbol('GrantHandlers');
