import { randomBytes } from 'node:crypto';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { Clock } from '../../../src/protocol/clock.js';
import { AppModule } from '../../../src/service/app.module.js';
import { readEnvironment } from '../../../src/service/environment.js';
import { createLog } from '../../../src/service/logging/log.js';
import { NestLogger } from '../../../src/service/logging/nest-logger.js';
import { logRequests, requestIdOf } from '../../../src/service/logging/request-log.js';
import { createDatabase } from '../../support/postgres.js';
import type { TestService } from '../../support/service-app.js';
import { TestClock } from '../../support/test-clock.js';
import type { CapturedOutput } from './captured-output.js';

/** The service as `main.ts` runs it, its log at the most verbose level, on a clock the test moves. */
export async function startRecordedService(output: CapturedOutput): Promise<TestService> {
  const database = await createDatabase();
  const masterKey = randomBytes(32);
  const clock = new TestClock();
  const log = createLog('trace', output.stream);
  const logger = output.recording(new NestLogger(log));
  const environment = readEnvironment({ DATABASE_URL: database.url, MASTER_KEY: masterKey.toString('hex'), LOG_LEVEL: 'trace' });
  const module = await Test.createTestingModule({ imports: [AppModule.forRoot(environment, { databaseUrl: database.url, masterKey })] })
    .setLogger(logger)
    .overrideProvider(Clock)
    .useValue(clock)
    .compile();
  const adapter = new FastifyAdapter({ logger: false, requestIdHeader: false, genReqId: requestIdOf });
  logRequests(adapter.getInstance(), log);
  const app = module.createNestApplication<NestFastifyApplication>(adapter, { logger });
  await app.listen(0, '127.0.0.1');
  return {
    app,
    clock,
    database,
    masterKey,
    url: (await app.getUrl()).replace('[::1]', '127.0.0.1'),
    issuer: 'http://localhost:3000',
    get: (provider) => app.get(provider as never, { strict: false }),
    close: async () => {
      await app.close();
      await database.drop();
    },
  };
}
