import { cleanUp } from './processes/clean-up.js';
import { crossing } from './processes/crossing.js';
import { killed } from './processes/killed.js';
import { oneCall } from './processes/one-call.js';
import { stopped } from './processes/stopped.js';
import { AppStage } from './support/app-stage.js';

const stage = await AppStage.open({ processes: 4, refresh: { timeout: 2 } });
afterAll(() => stage.close());

describe('Four processes of an app', () => {
  oneCall(stage);
  crossing(stage);
  cleanUp(stage);
});
describe('Of four processes, one that stands still', () => stopped(stage));
describe('Of four processes, one that is killed', () => killed(stage));
