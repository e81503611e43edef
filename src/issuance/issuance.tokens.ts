/** DI token of the resolved options. */
export const ISSUANCE_OPTIONS = Symbol('IssuanceOptions');
