import { Controller, Get, UseGuards } from '@nestjs/common';
import { BearerGuard, CurrentPrincipal, Principal, Public, RequireRoles, RequireScopes } from '../../../src/validation/index.js';

@Controller('todos')
@UseGuards(BearerGuard)
export class TodosController {
  @Get()
  list(@CurrentPrincipal() principal: Principal) {
    return principal;
  }

  @Get('subject')
  subject(@CurrentPrincipal() principal: Principal) {
    return { subject: principal.subject ?? null, expiresAt: principal.expiresAt.toISOString(), frozen: Object.isFrozen(principal.claims) };
  }

  @Get('write')
  @RequireScopes('todos:write', 'todos:read')
  write() {
    return { written: true };
  }

  @Get('admin')
  @RequireRoles('admin')
  admin() {
    return { admin: true };
  }

  @Get('open')
  @Public()
  @RequireScopes('todos:write')
  @RequireRoles('admin')
  open(@CurrentPrincipal() principal: Principal | undefined) {
    return { principal: principal ?? null };
  }
}

@Controller('notes')
@UseGuards(BearerGuard)
@RequireScopes('notes')
@RequireRoles('staff')
export class NotesController {
  @Get()
  list() {
    return [];
  }

  @Get('write')
  @RequireScopes('notes:write')
  @RequireScopes('notes:twice')
  @RequireRoles('editor')
  write() {
    return { written: true };
  }
}

@Controller('unguarded')
export class UnguardedController {
  @Get()
  careless(@CurrentPrincipal() principal: Principal) {
    return principal;
  }

  @Get('optional')
  optional(@CurrentPrincipal({ optional: true }) principal: Principal | undefined) {
    return { principal: principal ?? null };
  }
}
