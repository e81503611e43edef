import { Controller, Get, UseGuards } from '@nestjs/common';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { Test } from '@nestjs/testing';
import { BearerGuard, Public, RequireRoles, RequireScopes, TokenCheck, ValidationModule } from '../../src/validation/index.js';
import { TestClock } from '../support/test-clock.js';
import { AUDIENCE, claimsOf } from './support/claims.js';
import { ExternalIssuer } from './support/external-issuer.js';
import { clockModule, HOSTS, startApi } from './support/hosts.js';
import { signJwt } from './support/signed.js';

@UseGuards(BearerGuard)
@RequireScopes('base')
class BaseController {
  @Get()
  @RequireScopes('read')
  read() {
    return 'read';
  }
}

@Controller('derived')
@RequireScopes('derived')
class DerivedController extends BaseController {}

@Controller('public')
@UseGuards(BearerGuard)
@Public()
class PublicController {
  @Get()
  @RequireRoles('admin')
  read() {
    return 'read';
  }
}

describe('Decorators of the guard', () => {
  it.each([[], [''], ['a b'], ['a', 'b c'], ['a"b']])('RequireScopes(%j) is a mistake at once', (...scopes) => {
    expect(() => RequireScopes(...(scopes as [string]))).toThrow(TypeError);
  });

  it.each([[], ['']])('RequireRoles(%j) is a mistake at once', (...roles) => {
    expect(() => RequireRoles(...(roles as [string]))).toThrow(TypeError);
  });

  it.each(HOSTS)('add up along inheritance; a public class is public (%s)', async (host) => {
    const clock = new TestClock();
    const issuer = await ExternalIssuer.start();
    const key = issuer.publish('ES256');
    const validation = ValidationModule.forRoot({ issuer: issuer.url, audience: AUDIENCE });
    const api = await startApi(host, { imports: [clockModule(clock), validation], controllers: [DerivedController, PublicController] });
    const status = async (scope: string) => (await api.get('/derived', signJwt(key, claimsOf(issuer.url, clock, { scope })))).status;
    expect(await status('base derived read')).toBe(200);
    expect(await status('base derived')).toBe(403);
    expect(await status('base read')).toBe(403);
    expect(await status('derived read')).toBe(403);
    expect((await api.get('/public')).status).toBe(200);
    await api.close();
    await issuer.close();
  });
});

describe('BearerGuard where it does not know how calls come in', () => {
  it('refuses clearly, even with a check that accepts everything', async () => {
    const module = await Test.createTestingModule({
      imports: [ValidationModule.forRoot({ issuer: 'https://id.example.com', audience: AUDIENCE })],
      providers: [BearerGuard],
    })
      .overrideProvider(TokenCheck)
      .useValue({ check: () => Promise.resolve({ accepted: true, principal: {} }) })
      .compile();
    const context = new ExecutionContextHost(
      [{ headers: { authorization: 'Bearer abc' } }],
      DerivedController,
      new DerivedController().read,
    );
    context.setType('telegraph');
    await expect(module.get(BearerGuard).canActivate(context)).rejects.toThrow(
      /guards http, .*; DerivedController is reached by telegraph/,
    );
  });
});
