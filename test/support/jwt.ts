/** The claims of a JWT, unverified. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the tests assert what is in it
export const claimsOf = (jwt: string): any => JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString());
