import { Controller, Get, Module, UseGuards } from '@nestjs/common';
import { IssuerAddress } from '../../src/identity/issuer-address.js';
import { BearerGuard } from '../../src/validation/bearer.guard.js';
import { ValidationModule } from '../../src/validation/validation.module.js';
import type { ValidationOptions } from '../../src/validation/validation.options.js';
import { confidentialClient } from '../support/clients.js';
import { ProtocolClient } from '../support/protocol-client.js';
import { startReachableService } from '../support/reachable-service.js';
import type { TestService } from '../support/service-app.js';

@Controller('reports')
@UseGuards(BearerGuard)
class ReportsController {
  @Get()
  list(): object {
    return { reports: [] };
  }
}

/** An application that serves its own routes beside the token service. */
function reports(check?: ValidationOptions['check']) {
  @Module({
    imports: [
      ValidationModule.forRootAsync({
        inject: [IssuerAddress],
        useFactory: ({ issuer }: IssuerAddress) => ({ issuer, audience: issuer, ...(check && { check }) }),
      }),
    ],
    controllers: [ReportsController],
  })
  class ReportsModule {}
  return ReportsModule;
}

describe('tokenEntryValidation decides for guards of the same application that name no check', () => {
  let service: TestService;
  afterEach(() => service.close());

  async function statusAfterRevocation(tokenEntryValidation: boolean, check?: ValidationOptions['check']): Promise<number[]> {
    service = await startReachableService({ issuance: { tokenEntryValidation, imports: [reports(check)] } });
    const client = new ProtocolClient(service.url, await confidentialClient().register(service));
    const { body } = await client.token({ grant_type: 'client_credentials' });
    const status = async () => (await client.json('GET', '/reports', undefined, body.access_token)).status;
    const before = await status();
    await client.revoke(body.access_token);
    return [before, await status()];
  }

  it('off: a revoked JWT works until it expires', async () => {
    expect(await statusAfterRevocation(false)).toEqual([200, 200]);
  });

  it('on: it is refused at once', async () => {
    expect(await statusAfterRevocation(true)).toEqual([200, 401]);
  });

  it('a check that is named wins', async () => {
    expect(await statusAfterRevocation(true, 'signature')).toEqual([200, 200]);
  });
});
