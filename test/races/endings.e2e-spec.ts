import { massRevocation } from './endings/mass-revocation.js';
import { refreshing } from './endings/refreshing.js';
import { signingIn } from './endings/signing-in.js';
import { openStage } from './support/stage.js';

const stage = await openStage({ identity: { onPasswordChange: 'all' } });
afterAll(() => stage.close());

refreshing(stage);
signingIn(stage);
massRevocation(stage);
