import { Users } from '../../src/identity/users.js';
import { signUp } from '../support/protocol-client.js';
import { OtherSite } from './support/other-site.js';
import { formPostTo, ShowcaseModule } from './support/showcase.js';
import { Stage } from './support/stage.js';

let stage: Stage;
let other: OtherSite;
beforeAll(async () => {
  other = await OtherSite.open();
  formPostTo(`${other.origin}/callback`);
  stage = await Stage.set({ issuance: { imports: [ShowcaseModule] } });
});
afterAll(async () => {
  await stage?.strike();
  await other?.close();
});

describe('A page of another site', () => {
  it('cannot frame ours (clickjacking, RFC 9700 §4.16)', async () => {
    const { page } = await stage.page();
    await page.goto(other.show('/frame', `<iframe src="${stage.issuer}/sign-in" title="x"></iframe>`));
    const [, frame] = page.frames();
    await frame?.waitForLoadState();
    expect(await frame?.locator('form').count()).toBe(0);
    await page.context().close();
  });

  it('cannot send our forms, not even with a token of its own (RFC 9700 §4.7)', async () => {
    const attacker = await signUp(stage.service.url);
    const { page } = await stage.page();
    await page.goto('/sign-in'); // the browser has its mark
    const form = (path: string, fields: Record<string, string>): string =>
      `<form method="post" action="${stage.issuer}${path}">${Object.entries({ csrf: 'A'.repeat(43), ...fields })
        .map(([name, value]) => `<input type="hidden" name="${name}" value="${value}">`)
        .join('')}</form><script>document.forms[0].submit()</script>`;
    await page.goto(other.show('/log-in', form('/sign-in', { email: attacker.email, password: attacker.password })));
    await page.waitForURL(`${stage.issuer}/sign-in`);
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('This page has expired');
    await page.goto(other.show('/sign-up', form('/register', { email: 'planted@example.test', password: 'four unrelated kettles sing' })));
    await page.waitForURL(`${stage.issuer}/register`);
    expect(await stage.service.get(Users).findByEmail('planted@example.test')).toBeUndefined();
    expect((await page.context().cookies()).map(({ name }) => name)).toEqual(['countersign-browser']);
    await page.context().close();
  });

  it('cannot read ours', async () => {
    const { page } = await stage.page();
    await page.goto(other.show('/reader', '<h1>reader</h1>'));
    const read = await page.evaluate<string>(
      `fetch('${stage.issuer}/account', { credentials: 'include' }).then(() => 'read', (error) => error.name)`,
    );
    expect(read).toBe('TypeError');
    await page.context().close();
  });
});

describe('An answer that goes by POST (OAuth 2.0 Form Post Response Mode)', () => {
  it('sends itself, and is not sent again by going back', async () => {
    const { page, faults } = await stage.page();
    await page.goto('/sign-in');
    await page.goto('/showcase/form-post');
    await page.waitForURL(`${other.origin}/callback`);
    expect(other.received.filter(({ path }) => path === '/callback')).toEqual([
      { method: 'POST', path: '/callback', body: 'code=c&state=s' },
    ]);
    await page.goBack();
    await page.waitForURL(`${stage.issuer}/sign-in`);
    expect(other.received.filter(({ path }) => path === '/callback')).toHaveLength(1);
    expect(faults).toEqual([]);
    await page.context().close();
  });

  it('has a button where there are no scripts', async () => {
    const { page } = await stage.page({ javaScript: false });
    await page.goto('/showcase/form-post');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.waitForURL(`${other.origin}/callback`);
    await page.context().close();
  });
});
