import { Param } from '@nestjs/common';
import { Clock } from '../../protocol/clock.js';
import { isUuid } from '../../protocol/uuid.js';
import { SessionStore } from '../../storage/session.store.js';
import { sessionAnswer, type SessionAnswer } from './answers.js';
import { ApiController } from './api-controller.decorator.js';
import type { SignedIn } from './api-request.js';
import { ApiRoute } from './api-route.decorator.js';
import { Problem } from './problem.js';
import { CurrentPerson, SignedInGuard } from './signed-in.guard.js';

/** `/auth/sessions`: where a person is signed in, and how to end it. */
@ApiController(SignedInGuard)
export class SessionsController {
  constructor(
    private readonly sessions: SessionStore,
    private readonly clock: Clock,
  ) {}

  @ApiRoute('GET', 'sessions', { status: 200, needsStorage: true })
  async list(@CurrentPerson() { subject, principal }: SignedIn): Promise<{ sessions: SessionAnswer[] }> {
    const sessions = await this.sessions.list(subject, this.clock.now());
    return { sessions: sessions.map((session) => sessionAnswer(session, principal.sid)) };
  }

  /** Ends any one session, the current one included, with all its grants. */
  @ApiRoute('DELETE', 'sessions/:id', { status: 204, needsStorage: true })
  async end(@CurrentPerson() { subject }: SignedIn, @Param('id') id: string): Promise<void> {
    const ended = isUuid(id) && (await this.sessions.end(subject, id, this.clock.now()));
    if (!ended) throw new Problem('not-found');
  }

  @ApiRoute('DELETE', 'sessions', { status: 204, needsStorage: true })
  async endOthers(@CurrentPerson() { subject, principal }: SignedIn): Promise<void> {
    await this.sessions.endOthers(subject, principal.sid, this.clock.now());
  }
}
