import { gzipSync } from 'node:zlib';
import type { RawRequest } from '../support/exchange.js';
import { basic, expectOAuthError, FORM, startBadInput, type BadInput } from './support/bad-input.js';

let bad: BadInput;
beforeAll(async () => {
  bad = await startBadInput();
});
afterAll(() => bad.close());

/** A form each endpoint would act upon, were it sent well. */
const ENDPOINTS = [
  ['/connect/token', () => 'grant_type=client_credentials'],
  ['/connect/introspect', () => `token=${bad.tokens.machineJwt}`],
  ['/connect/revoke', () => `token=${bad.tokens.machineJwt}`],
] as const;

const authorized = (): Record<string, string> => ({ authorization: basic(bad.machine) });

describe.each(ENDPOINTS)('POST %s', (path, goodForm) => {
  const send = (request: Omit<RawRequest, 'path'>) => bad.refused({ path, ...request, headers: { ...authorized(), ...request.headers } });

  describe('methods (RFC 9110 §15.5.6)', () => {
    it.each(['GET', 'HEAD', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND'])(
      'refuses %s with 405 and says what is allowed',
      async (method) => {
        const body = method === 'HEAD' || method === 'GET' || method === 'TRACE' ? '' : goodForm();
        const answer = await send({ method, headers: FORM, body });
        expect(answer.status).toBe(405);
        expect(answer.headers.allow).toBe('POST');
        expect(answer.headers['cache-control']).toBe('no-store');
        if (method !== 'HEAD') expectOAuthError(answer, 405, 'invalid_request');
      },
    );

    it('takes no parameters from the query', async () => {
      const answer = await bad.refused({ path: `${path}?${goodForm()}`, headers: { ...authorized(), ...FORM } });
      expectOAuthError(answer, 400, 'invalid_request');
    });
  });

  describe('content types (RFC 6749 §3.2: application/x-www-form-urlencoded)', () => {
    const cases: [name: string, type: string | undefined, body: () => string][] = [
      ['none', undefined, goodForm],
      ['an empty one', '', goodForm],
      ['JSON', 'application/json', () => JSON.stringify(Object.fromEntries(new URLSearchParams(goodForm())))],
      ['a form that says it is JSON', 'application/json', goodForm],
      ['JSON that says it is JSON with a charset', 'application/json; charset=utf-8', () => '{}'],
      ['broken JSON', 'application/json', () => '{"grant_type":'],
      ['multipart', 'multipart/form-data; boundary=x', () => '--x\r\ncontent-disposition: form-data; name="token"\r\n\r\nx\r\n--x--\r\n'],
      ['plain text', 'text/plain', goodForm],
      ['bytes', 'application/octet-stream', goodForm],
      ['a type nobody knows', 'application/x-unknown', goodForm],
      ['nonsense', 'no type at all', goodForm],
      ['a type that only begins alike', 'application/x-www-form-urlencodedx', goodForm],
      ['a foreign charset', 'application/x-www-form-urlencoded; charset=iso-8859-1', goodForm],
      ['a foreign charset, quoted', 'application/x-www-form-urlencoded; charset="utf-16"', goodForm],
      ['an unknown parameter', 'application/x-www-form-urlencoded; boundary=x', goodForm],
    ];
    it.each(cases)('refuses %s', async (_, type, body) => {
      const answer = await send({ headers: type === undefined ? {} : { 'content-type': type }, body: body() });
      expectOAuthError(answer, 400, 'invalid_request');
    });

    it('accepts UTF-8 named as charset, in any spelling', async () => {
      for (const charset of ['charset=utf-8', 'charset=UTF-8', 'charset="utf-8"']) {
        const headers = { 'content-type': `application/x-www-form-urlencoded;${charset}` };
        // Refused for what is in it, so it was read.
        expectOAuthError(await send({ headers, body: 'x=%' }), 400, 'invalid_request');
        expect((await send({ headers, body: 'x=%' })).body.error_description).toMatch(/percent-encoded/);
      }
    });
  });

  describe('content codings (RFC 9110 §8.4)', () => {
    const codings = ['gzip', 'GZIP', 'deflate', 'br', 'x-gzip', 'identity, gzip', 'gzip, identity', 'identity;q=1', 'unknown'];
    it.each(codings)('refuses %s with 415 and says which are accepted, however the body was sent', async (coding) => {
      for (const body of [goodForm(), gzipSync(goodForm())]) {
        const answer = await send({ headers: { ...FORM, 'content-encoding': coding }, body });
        expectOAuthError(answer, 415, 'invalid_request');
        expect(answer.headers['accept-encoding']).toBe('identity');
      }
    });

    it('reads a form that says it has none', async () => {
      for (const coding of ['identity', 'Identity']) {
        const answer = await send({ headers: { ...FORM, 'content-encoding': coding }, body: 'x=%' });
        expectOAuthError(answer, 400, 'invalid_request');
        expect(answer.body.error_description).toMatch(/percent-encoded/);
      }
    });
  });

  describe('encoding', () => {
    const cases: [name: string, body: () => string | Buffer][] = [
      ['percent-encoding of bytes that are no UTF-8', () => `${goodForm()}&x=%ff%fe`],
      ['an overlong UTF-8 sequence', () => `${goodForm()}&x=%c0%80`],
      ['a lone surrogate', () => `${goodForm()}&x=%ed%a0%80`],
      ['a broken percent-encoding', () => `${goodForm()}&x=%`],
      ['a percent-encoding that is no hex', () => `${goodForm()}&x=%zz`],
      ['raw bytes that are no UTF-8', () => Buffer.concat([Buffer.from(`${goodForm()}&x=`), Buffer.of(0xff, 0xfe)])],
      ['a name that is no UTF-8', () => `${goodForm()}&%ff=x`],
      ['UTF-16', () => Buffer.from(`\ufeff${goodForm()}`, 'utf16le')],
      ['an encoded NUL', () => `${goodForm()}&x=%00`],
      ['a raw NUL', () => `${goodForm()}&x=\0`],
      ['a compressed body', () => Buffer.from('1f8b08000000000000032b2a4d04000000ffff', 'hex')],
    ];
    it.each(cases)('refuses %s', async (_, body) => {
      expectOAuthError(await send({ headers: FORM, body: body() }), 400, 'invalid_request');
    });

    it('refuses JSON where the form is due', async () => {
      expectOAuthError(await send({ headers: FORM, body: '{"grant_type":"client_credentials","token":"x"}' }), 400, 'invalid_request');
    });
  });

  describe('parameters (RFC 6749 §3.2: none twice, without a value as good as absent)', () => {
    const repeated = ['grant_type', 'token', 'token_type_hint', 'client_id', 'client_secret', 'scope', 'refresh_token', 'unknown'];
    it.each(repeated)('refuses %s twice', async (name) => {
      const value = name === 'client_id' ? bad.machine.id : (new URLSearchParams(goodForm()).get(name) ?? 'x');
      const others = new URLSearchParams(goodForm());
      others.delete(name);
      expectOAuthError(await send({ headers: FORM, body: `${others}&${name}=${value}&${name}=${value}` }), 400, 'invalid_request');
    });

    it('refuses a parameter twice though one has no value or another spelling', async () => {
      expectOAuthError(await send({ headers: FORM, body: `${goodForm()}&scope=&scope=` }), 400, 'invalid_request');
      const [name = ''] = goodForm().split('=');
      const encoded = `%${name.charCodeAt(0).toString(16)}${name.slice(1)}`;
      expectOAuthError(await send({ headers: FORM, body: `${goodForm()}&${encoded}=x` }), 400, 'invalid_request');
    });

    it('refuses an empty body, and empty values', async () => {
      expectOAuthError(await send({ headers: FORM }), 400, 'invalid_request');
      expectOAuthError(await send({ headers: FORM, body: '&&&' }), 400, 'invalid_request');
      expectOAuthError(await send({ headers: FORM, body: 'grant_type=&token=&scope=' }), 400, 'invalid_request');
      expectOAuthError(await send({ headers: FORM, body: 'grant_type&token' }), 400, 'invalid_request');
      expectOAuthError(await send({ headers: FORM, body: 'GRANT_TYPE=client_credentials&TOKEN=x' }), 400, 'invalid_request');
    });
  });

  describe('size (64 KiB)', () => {
    const padded = (bytes: number) => `${goodForm()}&x=`.padEnd(bytes, 'x');
    const sizes = [
      [65_537, false],
      [65_537, true],
      [1_100_000, false],
      [1_100_000, true],
      [3_000_000, true],
    ] as const;
    it.each(sizes)('refuses %d bytes (chunked: %s)', async (bytes, chunked) => {
      expectOAuthError(await send({ headers: FORM, body: padded(bytes), chunked }), 413, 'invalid_request');
    });

    it('refuses a length that is announced and never sent', async () => {
      expectOAuthError(await send({ headers: { ...FORM, 'content-length': '99999999' }, body: goodForm() }), 413, 'invalid_request');
    });

    it('reads 65536 bytes', async () => {
      const answer = await send({ headers: FORM, body: `${padded(65_530)}&y=%zz`, chunked: true });
      expectOAuthError(answer, 400, 'invalid_request');
    });
  });

  it('is not reached around these checks by another spelling of its address', async () => {
    const { grant_type: grantType, token } = Object.fromEntries(new URLSearchParams(goodForm()));
    const json = {
      headers: { ...authorized(), 'content-type': 'application/json' },
      body: JSON.stringify({ grant_type: grantType, token }),
    };
    const plain = await bad.refused({ path, ...json });
    const encoded = await bad.refused({ path: path.replace('connect', '%63onnect'), ...json });
    expectOAuthError(encoded, 400, 'invalid_request');
    expect(encoded.text).toBe(plain.text);
    for (const other of [`/${path}`, `${path}/`, `/.${path}`, path.toUpperCase(), `${path};x`]) {
      expect((await bad.refused({ path: other, ...json })).status).toBe(404);
    }
  });
});
