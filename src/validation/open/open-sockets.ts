import { Injectable, Logger } from '@nestjs/common';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { admit } from '../admission.js';
import { BearerAuthorizer } from '../bearer-authorizer.js';
import { BearerException, BearerFailures } from '../bearer-failures.js';
import { DEFAULT_RETRY_AFTER } from '../check-unavailable.error.js';
import { PresentedTokens } from '../calls/presented-tokens.js';
import { rememberUpgrade } from '../calls/socket-call.js';
import { requirementsOf } from '../decorators/route-requirements.js';
import { isRequest } from '../incoming-request.js';
import { closeClient, type ClosableClient } from './close-client.js';
import { holdMessages } from './hold-messages.js';
import { OpenTokens, type TokenEnd } from './open-tokens.js';

type Gateway = new (...parts: never[]) => object;

/** Clients of gateways that end with their tokens. */
@Injectable()
export class OpenSockets {
  private readonly logger = new Logger(OpenSockets.name);
  /** A gateway may be told twice of a client, by a class and the one it extends. */
  private readonly admissions = new WeakMap<Gateway, WeakMap<ClosableClient, Promise<boolean>>>();

  constructor(
    private readonly tokens: PresentedTokens,
    private readonly authorizer: BearerAuthorizer,
    private readonly failures: BearerFailures,
    private readonly open: OpenTokens,
  ) {}

  /**
   * Lets a client in that has just connected, or closes it.
   * @param request the upgrade request, where the adapter hands it over
   * @param handler what the marks may stand on beside the gateway: its `handleConnection`
   */
  admit(client: ClosableClient, request: unknown, gateway: Gateway, handler: object): Promise<boolean> {
    let ofGateway = this.admissions.get(gateway);
    if (!ofGateway) this.admissions.set(gateway, (ofGateway = new WeakMap()));
    let admitted = ofGateway.get(client);
    if (!admitted) {
      if (isRequest(request)) rememberUpgrade(client, request);
      ofGateway.set(client, (admitted = this.judge(client, gateway, handler)));
      holdMessages(client, admitted);
    }
    return admitted;
  }

  private async judge(client: ClosableClient, gateway: Gateway, handler: object): Promise<boolean> {
    const context = new ExecutionContextHost([client], gateway, handler as never);
    context.setType('ws');
    let isGone = false;
    let forget: (() => void) | undefined;
    client.once?.(client.handshake === undefined ? 'close' : 'disconnect', () => {
      isGone = true;
      forget?.();
    });
    try {
      await undefined; // until Nest has bound its handlers: closing a client takes them away
      const requirements = requirementsOf(context);
      const presented = this.tokens.of(context);
      // On a public gateway whoever brings a token is bound to it all the same.
      if (presented.kind === 'none' && requirements.isPublic) return true;
      admit(client, await this.authorizer.authorize(presented, requirements));
      if (!isGone) forget = this.open.watch(client, (end) => closeClient(client, this.refusalOf(end)));
      return !isGone;
    } catch (error) {
      if (!(error instanceof BearerException)) this.logger.error(error);
      closeClient(client, error instanceof BearerException ? error : this.refusalOf('unavailable'));
      return false;
    }
  }

  private refusalOf(end: TokenEnd): BearerException {
    return end === 'unavailable' ? this.failures.unavailable(DEFAULT_RETRY_AFTER, undefined) : this.failures.invalidToken();
  }
}
