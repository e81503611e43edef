import { execFile } from 'node:child_process';
import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Browser } from '../support/browser.js';
import { ProtocolClient } from '../support/protocol-client.js';
import { clusterFolder } from '../support/cluster-folder.js';
import { DEVICE_CODE } from '../device/support/device-flow.js';
import { ServiceProcess } from './support/service-process.js';

const bin = fileURLToPath(new URL('./support/bin', import.meta.url));

/** The banner's lines of a shell, as somebody pastes them. Returns what each printed. */
async function paste(banner: string): Promise<string[]> {
  const lines = banner.split('\n').filter((line) => /^(curl|[A-Z]+=)/.test(line));
  const script = lines.map((line) => `${line}; echo; echo ----`).join('\n');
  const { stdout } = await promisify(execFile)('/bin/sh', ['-c', script], {
    env: { ...process.env, NODE_OPTIONS: '', PATH: `${bin}:${process.env['PATH']}` },
  });
  return stdout
    .split('----\n')
    .slice(0, -1)
    .map((text) => text.trim());
}

const bannerOf = (service: ServiceProcess): string =>
  service.stdout
    .split('\n')
    .filter((line) => !line.startsWith('{'))
    .join('\n');

/** Its last line, and the blank one behind it. */
const hasWholeBanner = (service: ServiceProcess): boolean => /device_code=.*\n\n/.test(service.stdout);

describe('the service on its embedded database', () => {
  let directory: string;
  let service: ServiceProcess;
  let firstBanner: string;
  let pasted: string[];
  const variables = () => ({ DATA_DIRECTORY: directory });

  beforeAll(async () => {
    directory = await clusterFolder('service');
    service = await ServiceProcess.start(variables());
    await service.until(() => hasWholeBanner(service));
    firstBanner = bannerOf(service);
    pasted = await paste(firstBanner);
  }, 60_000);

  afterAll(async () => {
    await service.kill();
    // A start stops what the killed service left.
    const last = await ServiceProcess.start(variables());
    await last.stop();
    await rm(directory, { recursive: true, force: true });
  }, 60_000);

  it('prints where it listens', () => {
    expect(firstBanner).toContain(`http://127.0.0.1:${service.port}`);
  });

  it('prints lines that work when pasted', () => {
    const [login = '', , me = '', machine = '', introspected = '', revoked, device = '', polled = ''] = pasted;
    expect(JSON.parse(login)).toMatchObject({ tokenType: 'Bearer', accessToken: expect.any(String), refreshToken: expect.any(String) });
    expect(JSON.parse(me)).toMatchObject({ email: 'demo@example.test' });
    expect(machine).toMatch(/^eyJ/);
    expect(JSON.parse(introspected)).toMatchObject({
      active: true,
      client_id: 'demo-service',
      aud: 'http://localhost:4000',
      scope: 'todos:read',
    });
    expect(revoked).toBe('{}');
    expect(JSON.parse(device)).toMatchObject({
      verification_uri_complete: expect.stringMatching(/\/activate\?user_code=[A-Z]{4}-[A-Z]{4}$/),
    });
    expect(JSON.parse(polled)).toMatchObject({ error: 'authorization_pending' });
  });

  it('gives the sign-in API the scopes of the demo API', () => {
    const [login = ''] = pasted;
    const [, payload = ''] = (JSON.parse(login) as { accessToken: string }).accessToken.split('.');
    expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toMatchObject({
      scope: 'offline_access todos:read todos:write',
      aud: expect.arrayContaining(['http://localhost:4000']),
    });
  });

  it.each(['http://localhost:4001/callback', 'http://127.0.0.1:51004/callback'])(
    'has an app to sign in to, answered at %s',
    async (redirectUri) => {
      const query = new URLSearchParams({
        ...{ client_id: 'demo-web', redirect_uri: redirectUri, response_type: 'code', scope: 'openid email offline_access todos:read' },
        ...{ code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', code_challenge_method: 'S256' },
      });
      const browser = new Browser(service.url, `http://localhost:${service.port}`);
      const page = await browser.get(`/connect/authorize?${query.toString()}`);
      expect([page.status, new URL(page.url).pathname, page.html]).toEqual([200, '/sign-in', expect.stringContaining('Demo app')]);
    },
  );

  it('has a television that gets tokens for the demo API once the demo user has connected it', async () => {
    const [, password = ''] = /"password":"([^"]+)"/.exec(firstBanner) ?? [];
    const api = new ProtocolClient(service.url, { id: 'demo-tv', secret: undefined });
    const { body } = await api.form('/connect/device', { scope: 'openid offline_access todos:read' });
    const browser = new Browser(service.url, `http://localhost:${service.port}`);
    const confirm = await browser.submit(await browser.get(body.verification_uri_complete), { email: 'demo@example.test', password });
    expect(confirm.html).toContain('Demo TV');
    await browser.submit(confirm, { decision: 'allow' });
    const tokens = await api.token({ grant_type: DEVICE_CODE, device_code: body.device_code });
    expect(tokens.body).toMatchObject({ scope: 'openid offline_access todos:read', refresh_token: expect.any(String) });
  });

  it('revokes what it introspected before', async () => {
    const api = JSON.parse(await readFile(join(directory, 'demo-credentials.json'), 'utf8')) as { apiSecret: string };
    const answer = await new ProtocolClient(service.url, { id: 'todo-api', secret: api.apiSecret }).introspect(pasted[3] ?? '');
    expect(answer.body).toEqual({ active: false });
  });

  it.each(['master-key', 'demo-credentials.json', 'database-password'])('keeps %s from other accounts', async (name) => {
    expect((await stat(join(directory, name))).mode & 0o777).toBe(0o600);
  });

  it('logs JSON only, besides the banner, and no secret', () => {
    const lines = service.stdout.split('\n').filter((line) => line.startsWith('{'));
    expect(lines.length).toBeGreaterThan(5);
    const log = lines.join('\n');
    const secrets = firstBanner.match(/cs_cs_[\w-]+|"password":"[^"]+"/g) ?? [];
    expect(secrets.length).toBeGreaterThanOrEqual(3);
    for (const secret of secrets) expect(log).not.toContain(secret.replace(/.*:"|"$/g, ''));
  });

  it('refuses to share its folder with a second service', async () => {
    const second = await ServiceProcess.spawn(variables());
    expect(await second.exited).toBe(1);
    expect(second.stderr).toMatch(/^Countersign cannot start: .*in use by the service with process id/);
  });

  it('starts again after kill -9, with the same lines, which work', async () => {
    await service.kill();
    service = await ServiceProcess.start({ ...variables(), PORT: String(service.port) });
    await service.until(() => hasWholeBanner(service));
    expect(bannerOf(service)).toBe(firstBanner);
    const [login = '', , me = '', , introspected = ''] = await paste(bannerOf(service));
    expect(JSON.parse(login)).toHaveProperty('accessToken');
    expect(JSON.parse(me)).toMatchObject({ email: 'demo@example.test' });
    expect(JSON.parse(introspected)).toMatchObject({ active: true });
  }, 60_000);

  it('makes lines that work again where the credentials were lost and the password was changed', async () => {
    await service.stop();
    await rm(join(directory, 'demo-credentials.json'));
    service = await ServiceProcess.start(variables());
    await service.until(() => hasWholeBanner(service));
    const [login = '', , , , introspected = ''] = await paste(bannerOf(service));
    expect(JSON.parse(login)).toHaveProperty('accessToken');
    expect(JSON.parse(introspected)).toMatchObject({ active: true });
  }, 60_000);

  it('exits 0 on SIGTERM and leaves no server behind; in production it makes no demo data and asks for a master key', async () => {
    expect(await service.stop()).toBe(0);
    await expect(stat(join(directory, 'pgdata', 'postmaster.pid'))).rejects.toThrow(/ENOENT/);
    const refused = await ServiceProcess.spawn({ ...variables(), NODE_ENV: 'production' });
    expect(await refused.exited).toBe(1);
    expect(refused.stderr).toMatch(/MASTER_KEY is required/);

    const key = (await readFile(join(directory, 'master-key'), 'utf8')).trim();
    const production = await ServiceProcess.start({ ...variables(), NODE_ENV: 'production', MASTER_KEY: key });
    expect(bannerOf(production).trim()).toBe('');
    production.signal('SIGINT');
    expect(await production.exited).toBe(0);
    service = await ServiceProcess.start(variables());
  }, 60_000);
});
