import { familiesAtOnce } from './redemption/families-at-once.js';
import { oneSuccessor } from './redemption/one-successor.js';
import { reuse } from './redemption/reuse.js';
import { openStage } from './support/stage.js';

const stage = await openStage();
afterAll(() => stage.close());

oneSuccessor(stage);
reuse(stage);
familiesAtOnce(stage);
