import { SessionStore } from '../../src/storage/session.store.js';
import { CodeFlow, codeClient } from '../support/code-flow.js';
import { DatabaseRows } from '../support/database-rows.js';
import { ProtocolClient } from '../support/protocol-client.js';
import { startService, type TestService } from '../support/service-app.js';
import { RelyingParty, validateLogoutToken } from './support/relying-party.js';
import { signedInBrowser, type SignedInBrowser } from './support/signed-in-browser.js';

let service: TestService;
let rows: DatabaseRows;
beforeAll(async () => {
  service = await startService();
  rows = await DatabaseRows.open(service.database.url);
});
afterAll(async () => {
  await rows.close();
  await service.close();
});

let party: RelyingParty;
beforeEach(async () => (party = await RelyingParty.start()));
afterEach(() => party.close());

const keys = async () => (await new ProtocolClient(service.url).json('GET', '/.well-known/jwks.json')).body;

describe('Back-channel logout', () => {
  it('tells', async () => {
    const app = await CodeFlow.of(service, codeClient('confidential').with({ backchannelLogoutUri: party.uri }));
    const { session } = await signedInBrowser(service);
    await app.redeem(await app.issue({ session }));
    await service.get(SessionStore).end(session.subject, session.sid, service.clock.now());
    await party.until(1);
    console.log(party.received);
    console.log(
      await validateLogoutToken(party.token, {
        keys: await keys(),
        issuer: service.issuer,
        client: app.client.id,
        now: service.clock.now(),
      }),
    );
  });
});
