import type { IncomingMessage, ServerResponse } from 'node:http';
import { parseForm, type Parameters } from '../../protocol/form.js';
import { OAuthError } from '../../protocol/oauth-error.js';
import { authorizationEndpoint } from './authorization-endpoint.js';
import { CallLog, type ProviderCall } from './call-log.js';
import { discoveryAnswer } from './discovery.js';
import { ENDPOINT_PATHS, ENDPOINTS, errorAnswer, json, type Answer, type EndpointName, type ProviderRequest } from './endpoint.js';
import { EndpointFaults, strike, type Fault, type Outcome } from './faults.js';
import {
  DEFAULT_SETTINGS,
  type FaultyProviderOptions,
  type Person,
  type ProviderClient,
  type ProviderSettings,
} from './faulty-provider.options.js';
import { Grants, type AccessTokenRecord, type Family, type SignIn } from './grants.js';
import { Listener } from './listener.js';
import { logoutToken, type LogoutClaims } from './logout-tokens.js';
import { endSessionEndpoint, revocationEndpoint, userinfoEndpoint } from './other-endpoints.js';
import { SigningKeys, type SigningOptions } from './signing-keys.js';
import { tokenEndpoint } from './token-endpoint.js';
import type { World } from './world.js';

type Handler = (request: ProviderRequest, world: World) => Answer | Promise<Answer>;

const HANDLERS: Readonly<Record<EndpointName, Handler>> = {
  discovery: (_request, world) => discoveryAnswer(world),
  jwks: (_request, { keys }) => json(keys.published()),
  authorize: authorizationEndpoint,
  token: tokenEndpoint,
  revocation: revocationEndpoint,
  endSession: endSessionEndpoint,
  userinfo: userinfoEndpoint,
};

/**
 * An OpenID provider for tests of apps: it signs in whom it is told to, rotates refresh tokens and ends the family when a spent one comes back, and it
 * fails as told, endpoint by endpoint. Everything is in memory.
 *
 * @example
 * const provider = await FaultyProvider.start({ clients: [{ id: 'app', secret: 's', redirectUris: ['http://localhost:4000/callback'] }] });
 * provider.person = { sub: 'ada', claims: { email: 'ada@example.test' } };
 * provider.at('token').dropAnswer({ times: 1, when: ({ grantType }) => grantType === 'refresh_token' });
 * …
 * expect(provider.calls('token', 'refresh_token')).toHaveLength(1);
 * await provider.close();
 */
export class FaultyProvider {
  private readonly faults = new Map<EndpointName | 'all', EndpointFaults>();
  private readonly log = new CallLog();

  private constructor(
    private readonly listener: Listener,
    private readonly world: World,
    private readonly path: string,
  ) {}

  static async start(options: FaultyProviderOptions = {}): Promise<FaultyProvider> {
    const listener = new Listener(
      options.host ?? '127.0.0.1',
      options.port ?? 0,
      (incoming, outgoing) => void provider.serve(incoming, outgoing),
    );
    const keys = await SigningKeys.create(options.algorithm ?? 'ES256');
    await listener.start();
    const path = options.path ?? '';
    const world: World = {
      issuer: listener.origin + path,
      clients: new Map((options.clients ?? []).map((client) => [client.id, client])),
      grants: new Grants(),
      assertions: new Set(),
      keys,
      settings: { ...DEFAULT_SETTINGS, ...options.settings },
      now: options.now ?? Date.now,
      person: options.person ?? { sub: 'ada' },
      denial: undefined,
    };
    const provider = new FaultyProvider(listener, world, path); // nothing arrives before this line: it runs right after the port is open
    return provider;
  }

  get issuer(): string {
    return this.world.issuer;
  }

  /** Change them as you go. */
  get settings(): ProviderSettings {
    return this.world.settings;
  }

  /** Who signs in from now on. Undefined: nobody is there, and apps get `login_required`. */
  get person(): Person | undefined {
    return this.world.person;
  }

  set person(person: Person | undefined) {
    this.world.person = person;
  }

  /** Every sign-in so far, the latest last. */
  get signIns(): readonly SignIn[] {
    return this.world.grants.signIns;
  }

  /** Adds an app, or replaces the one with that id. */
  register(client: ProviderClient): void {
    this.world.clients.set(client.id, client);
  }

  /** The next authorization request fails: `access_denied`, `login_required`. */
  denyNext(error: string): void {
    this.world.denial = error;
  }

  /** What goes wrong at an endpoint, or everywhere. */
  at(endpoint: EndpointName | 'all'): EndpointFaults {
    const faults = this.faults.get(endpoint) ?? new EndpointFaults();
    this.faults.set(endpoint, faults);
    return faults;
  }

  /** The requests so far, in the order they arrived in: all, of an endpoint, of a grant type at the token endpoint. */
  calls(endpoint?: EndpointName, grantType?: string): readonly ProviderCall[] {
    return this.log.calls(endpoint, grantType);
  }

  /** How many requests each endpoint has had. */
  get counts(): Readonly<Record<EndpointName, number>> {
    return this.log.counts();
  }

  forgetCalls(): void {
    this.log.forget();
  }

  /** What one of our access tokens is good for. Undefined: nothing, it has expired, or it was revoked. */
  accessToken(token: string): AccessTokenRecord | undefined {
    const record = this.world.grants.accessTokens.get(token);
    return record !== undefined && record.expiresAt > this.world.now() ? record : undefined;
  }

  family(id: string): Readonly<Family> | undefined {
    return this.world.grants.family(id);
  }

  /** Revokes refresh and access tokens of a sign-in, as an administrator would. */
  endFamily(id: string): void {
    const family = this.world.grants.family(id);
    if (family) this.world.grants.end(family);
  }

  /** Signs with a new key from now on. Without `keepOld`, the older ones leave the key set at once. */
  rotateKeys({ keepOld = true }: { readonly keepOld?: boolean } = {}): Promise<void> {
    return this.world.keys.rotate(keepOld);
  }

  /** A logout token, for whoever signed in last unless the claims say otherwise. A claim that is undefined is left out. */
  logoutToken(claims: LogoutClaims = {}, options: SigningOptions = {}): Promise<string> {
    return logoutToken(this.world, claims, options);
  }

  /** Tells an app of the end of a session: a logout token, or the claims of one. OpenID Connect Back-Channel Logout 1.0 §2.5 */
  async backchannelLogout(uri: string, token: string | LogoutClaims = {}): Promise<Response> {
    const body = new URLSearchParams({ logout_token: typeof token === 'string' ? token : await this.logoutToken(token) });
    return fetch(uri, { method: 'POST', body, redirect: 'manual' });
  }

  /** Refuses connections from now on, and breaks those that are open. What was granted stays. */
  stop(): Promise<void> {
    return this.listener.stop();
  }

  /** After `stop()`: on the same port. */
  start(): Promise<void> {
    return this.listener.start();
  }

  /** For good: what is delayed or held is let go. */
  async close(): Promise<void> {
    await this.stop();
    for (const faults of this.faults.values()) faults.lift();
  }

  private async serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { pathname, search } = new URL(incoming.url ?? '/', 'http://provider');
    const endpoint = ENDPOINTS.find((name) => this.path + ENDPOINT_PATHS[name] === pathname);
    if (endpoint === undefined) return write(outgoing, errorAnswer('not_found', 404));
    const form = (await readBody(incoming)) ?? Buffer.from(search.slice(1));
    let parameters: Parameters;
    try {
      parameters = parseForm(form);
    } catch (error) {
      return write(outgoing, asAnswer(error));
    }
    const call = this.record(endpoint, incoming.method ?? 'GET', form);
    const outcome = await this.handle(call, { method: call.method, headers: incoming.headers, parameters });
    if (outcome === 'drop') outgoing.destroy();
    if (outcome === 'drop' || outcome === 'hang' || outcome === undefined || outgoing.destroyed) return;
    call.answered = true;
    write(outgoing, outcome);
  }

  /** First what keeps the provider from doing its part, then its part, then what keeps the answer back. */
  private async handle(call: ProviderCall, request: Omit<ProviderRequest, 'wrongClaims'>): Promise<Outcome> {
    const note = (outcome: Outcome) => {
      if (typeof outcome === 'object') Object.assign(call, { status: outcome.status, error: outcome.error });
      return outcome;
    };
    const before = await strike(this.faultsOf(call.endpoint, false), call);
    if (before.outcome !== undefined) return note(before.outcome);
    const answer = await this.answer(call.endpoint, { ...request, wrongClaims: before.wrongClaims });
    note(answer);
    const after = await strike(this.faultsOf(call.endpoint, true), call);
    return note(after.outcome ?? answer);
  }

  private faultsOf(endpoint: EndpointName, committed: boolean): readonly Fault[] {
    return [...this.at('all').list(committed), ...this.at(endpoint).list(committed)];
  }

  private async answer(endpoint: EndpointName, request: ProviderRequest): Promise<Answer> {
    try {
      return await HANDLERS[endpoint](request, this.world);
    } catch (error) {
      return asAnswer(error);
    }
  }

  private record(endpoint: EndpointName, method: string, form: Buffer): ProviderCall {
    const parameters = Object.fromEntries(new URLSearchParams(form.toString()));
    const presented = endpoint === 'token' ? this.world.grants.refreshToken(parameters['refresh_token'] ?? '') : undefined;
    const call: ProviderCall = {
      endpoint,
      method,
      time: this.world.now(),
      parameters,
      grantType: endpoint === 'token' ? parameters['grant_type'] : undefined,
      family: presented?.family.id,
      generation: presented?.generation,
      status: undefined,
      error: undefined,
      answered: false,
    };
    this.log.record(call);
    return call;
  }
}

/** Undefined: the request has none. */
async function readBody(incoming: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
  } catch {
    // A client that breaks off has sent what it has sent.
  }
  return incoming.method === 'POST' ? Buffer.concat(chunks) : undefined;
}

function write(outgoing: ServerResponse, { status, headers, body }: Answer): void {
  outgoing.writeHead(status, headers).end(body);
}

function asAnswer(error: unknown): Answer {
  if (!(error instanceof OAuthError)) return errorAnswer('server_error', 500, String(error));
  const answer = errorAnswer(error.code, error.status, error.description);
  return { ...answer, headers: { ...answer.headers, ...(error.challenge !== undefined && { 'www-authenticate': error.challenge }) } };
}
