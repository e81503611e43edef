import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AppModule } from '../app.module.js';
import type { Environment } from '../environment/variables.js';
import { layFoundations } from '../foundations.js';
import { createLog, STDERR } from '../logging/log.js';
import { NestLogger } from '../logging/nest-logger.js';
import { prepareDatabase } from '../prepare-database.js';

/**
 * Runs a command on the same composition root as the service, without HTTP. A database that somebody named is migrated by `migrate` alone; the embedded
 * one, when no service has it, is started for as long as the command takes.
 */
export async function withApplication<T>(environment: Environment, work: (app: INestApplicationContext) => Promise<T>): Promise<T> {
  const foundations = await layFoundations(environment, { attach: true });
  try {
    await prepareDatabase(foundations.databaseUrl, { migrate: environment.DATABASE_URL === undefined && environment.AUTO_MIGRATE });
    const logger = new NestLogger(createLog(environment.LOG_LEVEL, STDERR));
    const app = await NestFactory.createApplicationContext(AppModule.forRoot(environment, foundations), { logger, abortOnError: false });
    try {
      return await work(app);
    } finally {
      await app.close();
    }
  } finally {
    await foundations.release();
  }
}
