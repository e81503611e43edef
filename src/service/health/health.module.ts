import { Module } from '@nestjs/common';
import { HealthController } from './health.controller.js';
import { Readiness } from './readiness.js';

/** `/health/live` and `/health/ready`. Needs PostgresStorageModule and IssuanceModule, which are global. */
@Module({ controllers: [HealthController], providers: [Readiness] })
export class HealthModule {}
