import { BackchannelLogout } from '../../src/issuance/logout/backchannel-logout.js';
import { Browser } from '../support/browser.js';
import { claimsOf } from '../support/jwt.js';
import { ISSUER, startService, type TestService } from '../support/service-app.js';
import { startServiceProcess, type ServiceProcess } from '../support/start-service-process.js';
import { openApp, signInTo, signOutClient } from './support/app.js';
import { RelyingParty } from './support/relying-party.js';
import { signedInBrowser } from './support/signed-in-browser.js';

let service: TestService;
let party: RelyingParty;
let victim: ServiceProcess | undefined;
beforeAll(async () => {
  [service, party] = await Promise.all([startService(), RelyingParty.start()]);
});
afterAll(async () => {
  await victim?.kill();
  await party.close();
  await service.close();
});

describe('An instance that is killed after somebody signed out there', () => {
  it('leaves the notice to another one: each app is told at least once', async () => {
    const app = await openApp(service, signOutClient().with({ backchannelLogoutUri: party.uri }));
    const person = await signedInBrowser(service);
    const { idToken } = await signInTo(app, person);
    const masterKey = service.masterKey.toString('hex');
    victim = await startServiceProcess({ databaseUrl: service.database.url, masterKey });
    service.clock.advance(-3600); // ours is late: it sees nothing that is due

    party.answer = 'never';
    const atVictim = new Browser(victim.url, ISSUER);
    for (const [name, value] of person.browser.cookies) atVictim.cookies.set(name, value);
    await atVictim.get(`/connect/logout?${new URLSearchParams({ id_token_hint: idToken }).toString()}`);
    await party.until(1); // it has taken the notice, and waits for an answer
    await victim.kill();

    party.answer = 200;
    service.clock.advance(3600 + 600);
    service.get(BackchannelLogout).kick();
    await party.until(2);
    await service.get(BackchannelLogout).settled();
    const [first, second] = party.received.map(({ form }) => claimsOf(form.get('logout_token') ?? ''));
    expect([first.sid, second.sid]).toEqual([person.session.sid, person.session.sid]);
    expect(first.jti).not.toBe(second.jti);
    service.clock.advance(3600);
    service.get(BackchannelLogout).kick();
    await service.get(BackchannelLogout).settled();
    expect(party.received).toHaveLength(2);
    // The person stays signed out: nothing of it hung on the instance.
    const page = await person.browser.get('/account');
    expect(new URL(page.url).pathname).toBe('/sign-in');
  });
});
