import type { SessionHooks } from 'countersign/session';

/**
 * Many providers, ours among them, say in the id token who somebody is (`sub`) and no more; name and e-mail are the userinfo endpoint's (OpenID Connect
 * Core §5.3). They are asked for once: the session keeps what is found.
 */
export const personClaims: SessionHooks = {
  async onValidate({ session, replaceUser, signal }) {
    if (session.user['email'] !== undefined) return;
    const answer = await session
      .api('provider')
      .fetch('connect/userinfo', { signal })
      .catch(() => undefined); // the next request asks again
    if (answer?.ok) await replaceUser({ ...session.user, ...((await answer.json()) as object) });
  },
};
