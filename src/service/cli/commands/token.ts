import type { INestApplicationContext } from '@nestjs/common';
import type { Command } from 'commander';
import type { ResolvedIssuanceOptions } from '../../../issuance/issuance.options.js';
import { ISSUANCE_OPTIONS } from '../../../issuance/issuance.tokens.js';
import { PresentedTokens, type PresentedToken } from '../../../issuance/tokens/presented-tokens.js';
import { Clock } from '../../../protocol/clock.js';
import { EntryType, formatTokenId } from '../../../protocol/entry-key.js';
import { constantTimeEqual, tokenHash } from '../../../protocol/hashing.js';
import { RevocationStore } from '../../../storage/revocation.store.js';
import { TokenEntryStore, type TokenEntryRecord } from '../../../storage/token-entry.store.js';
import type { CommandHost } from '../command-host.js';
import { message, Misuse, record, Refusal, type Terminal } from '../terminal.js';

const TYPES = {
  [EntryType.authorizationCode]: 'authorization_code',
  [EntryType.refreshToken]: 'refresh_token',
  [EntryType.accessToken]: 'access_token',
};

export function tokenCommands(program: Command, { run, terminal }: CommandHost): void {
  const token = program
    .command('token')
    .description('single tokens, read from standard input: an argument would stay in the history of the shell');
  token
    .command('show [-]')
    .description('say what a token is: type, subject, client, status, dates')
    .action(async (argument: string | undefined) => {
      const text = await readToken(argument, terminal);
      await run(async (app) => record(describe(await find(app, text))));
    });
  token
    .command('revoke [-]')
    .description('end a token; a refresh token takes its whole family along')
    .action(async (argument: string | undefined) => {
      const text = await readToken(argument, terminal);
      await run(async (app) => {
        const { presented, entry } = await find(app, text);
        const store = app.get(RevocationStore, { strict: false });
        const now = app.get(Clock, { strict: false }).now();
        const ended =
          presented.key.type === EntryType.accessToken
            ? await store.revokeAccess(presented.key, entry.hash, undefined, now)
            : await store.endAuthorization(presented.key.authorizationId, now);
        if (!ended) throw new Refusal('The token has ended already.');
        return message('Revoked.', { id: formatTokenId(presented.key) });
      });
    });
}

interface FoundToken {
  readonly presented: PresentedToken;
  readonly entry: TokenEntryRecord;
}

/** A token that is genuine, whatever its status. @throws Refusal */
async function find(app: INestApplicationContext, text: string): Promise<FoundToken> {
  const presented = await app.get(PresentedTokens, { strict: false }).recognise(text);
  const kid = presented?.form === 'jwt' ? presented.jwt.kid : undefined;
  const entry =
    presented && (await app.get(TokenEntryStore, { strict: false }).find(presented.key, app.get(Clock, { strict: false }).now(), kid));
  if (!presented || !entry || !isGenuine(presented, entry)) {
    // Signed tokens of another issuer are foreign, though they be in the same database.
    const { issuer } = app.get<ResolvedIssuanceOptions>(ISSUANCE_OPTIONS, { strict: false });
    throw new Refusal(`This is no token of ${issuer}, or its entry was pruned.`);
  }
  return { presented, entry };
}

/** A signed token's entry has no hash; a reference must match one. */
const isGenuine = (presented: PresentedToken, { hash }: TokenEntryRecord): boolean =>
  presented.form === 'jwt' ? hash === undefined : hash !== undefined && constantTimeEqual(hash, tokenHash(presented.reference));

/** Never its payload: what an operator pastes into a ticket must not let anybody in. */
const describe = ({ presented, entry }: FoundToken): Record<string, unknown> => ({
  type: TYPES[presented.key.type],
  format: presented.form,
  id: formatTokenId(presented.key),
  status: entry.status,
  subject: entry.grant?.subject,
  client: entry.grant?.client,
  scopes: entry.grant?.scopes,
  session: entry.grant?.sid,
  authorization: presented.key.authorizationId,
  created: entry.createdAt,
  expires: entry.expiresAt,
});

async function readToken(argument: string | undefined, terminal: Terminal): Promise<string> {
  if (argument !== undefined && argument !== '-')
    throw new Misuse('Pipe the token in: as an argument it would stay in the history of the shell.');
  // As it is copied from an Authorization header (RFC 9110 §11.1: the case of the scheme does not matter).
  const text = (await terminal.read()).trim().replace(/^bearer(?: +|$)/i, '');
  if (text === '' || text.length > 16_384) throw new Refusal('Standard input holds no token.');
  return text;
}
