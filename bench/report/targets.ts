/** What our CPU per request is to be, beside another's of the same run; or our latency's tail. */
export type Target =
  | { readonly against: string; readonly atMost: number }
  | { readonly against: string; readonly cheaper: number }
  | { readonly against: string; readonly above: number }
  | { readonly tail: number };

const FLOOR = 'floor';
const OIDC_PROVIDER = 'oidc-provider';

/** By the names of operations. Of the design; a result is judged and never fails anything. */
export const TARGETS: Readonly<Record<string, readonly Target[]>> = {
  'issue, JWT': [
    { against: FLOOR, atMost: 0.9 },
    { against: OIDC_PROVIDER, cheaper: 1.7 },
  ],
  'issue, reference': [
    { against: FLOOR, atMost: 1.2 },
    { against: OIDC_PROVIDER, cheaper: 2.4 },
  ],
  'refresh, JWT': [
    { against: FLOOR, atMost: 1.2 },
    { against: OIDC_PROVIDER, cheaper: 3.8 },
  ],
  'refresh, reference': [{ against: FLOOR, atMost: 1.2 }],
  'introspect, reference': [
    { against: FLOOR, atMost: 1.3 },
    { against: OIDC_PROVIDER, cheaper: 3.5 },
  ],
  'introspect, JWT seen before': [{ against: FLOOR, atMost: 0.5 }],
  'introspect, JWT not seen before': [{ against: FLOOR, atMost: 1.2 }],
  revoke: [
    { against: FLOOR, atMost: 1.5 },
    { against: OIDC_PROVIDER, cheaper: 5 },
  ],
  'issue, JWT, 256 connections': [{ against: '32 connections', atMost: 1.1 }, { tail: 8 }],
  'refresh, JWT, 256 connections': [{ against: '32 connections', atMost: 1.1 }, { tail: 8 }],
  'guard, signature, warm': [{ against: 'bare route', above: 15 }],
  'guard, signature, cold': [{ against: 'bare route + verify', atMost: 1.3 }],
  'guard, feed, warm': [{ against: 'signature alone', above: 5 }],
  'guard, entry': [{ against: 'bare route + SELECT', atMost: 1.2 }],
  'session, cookie without database': [{ against: 'bare route', above: 300 }],
};
