import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { IDENTITY_OPTIONS, type IdentityOptions } from '../identity.options.js';
import { NEEDS_STORAGE } from './api-route.decorator.js';
import { Problem } from './problem.js';

/** Answers 404 for what the options switch off. */
@Injectable()
export class AvailableRouteGuard implements CanActivate {
  constructor(
    @Inject(IDENTITY_OPTIONS) private readonly options: IdentityOptions,
    private readonly reflector: Reflector,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    const needsStorage = this.reflector.get<boolean>(NEEDS_STORAGE, context.getHandler());
    if (!this.options.enabled || (needsStorage && !this.options.storage)) throw new Problem('not-found');
    return true;
  }
}
