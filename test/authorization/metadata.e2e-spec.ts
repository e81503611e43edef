import type { IssuanceOptions } from '../../src/issuance/issuance.options.js';
import { ISSUER, startService, type TestService } from '../support/service-app.js';

const instances: TestService[] = [];
let service: TestService;
beforeAll(async () => {
  service = await startService();
});
afterAll(async () => {
  for (const instance of [...instances, service]) await instance.close();
});

type Options = Partial<Omit<IssuanceOptions, 'grants'>>;

async function instance(issuance: Options): Promise<TestService> {
  const started = await startService({ issuance, beside: service });
  instances.push(started);
  return started;
}

async function metadata({ url }: TestService): Promise<Record<string, unknown>> {
  const read = async (name: string) => (await (await fetch(`${url}/.well-known/${name}`)).json()) as Record<string, unknown>;
  const document = await read('openid-configuration');
  expect(await read('oauth-authorization-server')).toEqual(document);
  return document;
}

describe('Metadata of the authorization endpoint (RFC 8414 §2, RFC 9126 §5, RFC 9207 §3)', () => {
  it('name all there is', async () => {
    expect(await metadata(service)).toMatchObject({
      authorization_endpoint: `${ISSUER}/connect/authorize`,
      pushed_authorization_request_endpoint: `${ISSUER}/connect/par`,
      require_pushed_authorization_requests: false,
      response_types_supported: ['code'],
      response_modes_supported: ['query', 'form_post'],
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
      prompt_values_supported: ['none', 'login', 'consent', 'select_account'],
      ui_locales_supported: ['en', 'de'],
      request_parameter_supported: false,
      request_uri_parameter_supported: false,
      claims_parameter_supported: false,
      scopes_supported: expect.arrayContaining(['openid', 'offline_access', 'profile', 'email']),
    });
  });

  it('say that requests must be pushed', async () => {
    const pushing = await instance({ requirePushedRequests: true });
    expect(await metadata(pushing)).toMatchObject({ require_pushed_authorization_requests: true });
  });

  it('leave out pushed requests where there are none', async () => {
    const document = await metadata(await instance({ endpoints: { pushedAuthorization: false } }));
    expect(document).toHaveProperty('authorization_endpoint');
    expect(document).not.toHaveProperty('pushed_authorization_request_endpoint');
    expect(document).not.toHaveProperty('require_pushed_authorization_requests');
  });

  it('leave out all of it where there is no endpoint, and so no page on the way', async () => {
    const without = await instance({ endpoints: { authorization: false } });
    const document = await metadata(without);
    const names = /authoriz|response|challenge|prompt|ui_locales|request_|claims_parameter/;
    expect(Object.keys(document).filter((name) => names.test(name) && !name.startsWith('device'))).toEqual(['response_types_supported']);
    expect(document['response_types_supported']).toEqual([]);
    expect(document['scopes_supported']).not.toContain('openid');
    for (const path of ['/connect/authorize', '/connect/par', '/connect/authorize/continue', '/consent', '/select-account'])
      expect([path, (await fetch(without.url + path)).status]).toEqual([path, 404]);
  });
});
