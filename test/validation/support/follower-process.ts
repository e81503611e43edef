import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { FeedStatus, ValidationModule } from '../../../src/validation/index.js';

// An application with a guard in a process of its own. Tells its state on stdout and stops when it is told something; its process must end by itself.
class App {}
const [issuer = ''] = process.argv.slice(2);
const credentials = { clientId: 'api', clientSecret: 's3cret' };
const imports = [ValidationModule.forRoot({ issuer, audience: 'https://api.example.com', check: 'feed', ...credentials })];
const app = await NestFactory.createApplicationContext({ module: App, imports }, { logger: false });
process.stdout.write(app.get(FeedStatus, { strict: false }).state);
process.stdin.once('data', () => {
  process.stdin.destroy();
  void app.close();
});
