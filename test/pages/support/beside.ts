import { startService, type TestService, type TestServiceOptions } from '../../support/service-app.js';

/** Further services on the database of the first, closed together: a test that failed before it closed its own must not keep the process alive. */
export class Beside {
  private readonly services: TestService[] = [];

  async start(service: TestService, options: TestServiceOptions): Promise<TestService> {
    const started = await startService({ ...options, beside: service });
    this.services.push(started);
    return started;
  }

  async close(): Promise<void> {
    await Promise.all(this.services.splice(0).map((service) => service.close()));
  }
}
