import { Controller, Get, Post, UseGuards, type CanActivate } from '@nestjs/common';
import { Authenticated } from '../../../src/session/http/authenticated.decorator.js';
import { CurrentSession } from '../../../src/session/http/current-session.decorator.js';
import type { WebSession } from '../../../src/session/web-session.js';

/** An application's own guard, which lets nobody in. */
class NobodyGuard implements CanActivate {
  canActivate(): boolean {
    return false;
  }
}

/** The routes of the app that is tested. */
@Controller()
export class OrdersController {
  @Get()
  home(@CurrentSession({ optional: true }) session?: WebSession): object {
    return { user: session?.user.sub ?? null };
  }

  @Get('orders')
  @Authenticated()
  async list(@CurrentSession() session: WebSession): Promise<object> {
    return { user: session.user, id: session.id, token: await session.accessToken() };
  }

  @Post('orders')
  @Authenticated()
  order(): object {
    return { ordered: true };
  }

  @Post('form')
  @Authenticated({ csrf: 'origin' })
  form(): object {
    return { sent: true };
  }

  /** Without a guard. */
  @Post('vote')
  vote(@CurrentSession({ optional: true }) session?: WebSession): object {
    return { by: session?.user.sub ?? null };
  }

  /** A mistake. */
  @Get('forgotten')
  forgotten(@CurrentSession() session: WebSession): object {
    return { by: session.user.sub };
  }

  @Get('admin')
  @Authenticated()
  @UseGuards(NobodyGuard)
  admin(): object {
    return {};
  }

  @Get('static')
  asset(): object {
    return { asset: true };
  }
}
