import { authorizing } from './endings/authorizing.js';
import { beginningAgain } from './endings/beginning-again.js';
import { massRevocation } from './endings/mass-revocation.js';
import { refreshing } from './endings/refreshing.js';
import { signingIn } from './endings/signing-in.js';
import { signingOut } from './endings/signing-out.js';
import { openStage } from './support/stage.js';

// Notices of log-outs are to be counted, not delivered.
const stage = await openStage({
  identity: { onPasswordChange: 'all' },
  issuance: { backchannelLogout: false, authorizationRequestsPerMinute: 0 },
});
afterAll(() => stage.close());

refreshing(stage);
signingIn(stage);
signingOut(stage);
authorizing(stage);
massRevocation(stage);
beginningAgain(stage);
