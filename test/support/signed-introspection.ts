import type { TestClient } from './clients.js';

/** What a resource server is told of a token, as a JWT (RFC 9701). */
export async function signedIntrospection(url: string, { id, secret = '' }: TestClient, token: string): Promise<string> {
  const credentials = Buffer.from([id, secret].map(encodeURIComponent).join(':')).toString('base64');
  const response = await fetch(`${url}/connect/introspect`, {
    method: 'POST',
    headers: { authorization: `Basic ${credentials}`, accept: 'application/token-introspection+jwt' },
    body: new URLSearchParams({ token }),
  });
  if (response.status !== 200) throw new Error(`introspection answered ${response.status}`);
  return response.text();
}
