import { openChain } from '../support/chain.js';
import { publicClient, resourceServer, type TestClient } from '../support/clients.js';
import { endOf } from './presentations.js';
import type { World } from './world.js';

/** Of a link and of a chain, in seconds; a run does not go on for so long. */
const LINK = 30 * 86_400;
const CHAIN = 365 * 86_400;

/** Somebody with a chain of its own. */
interface Member {
  refreshToken: string;
  accessToken: string | undefined;
  readonly subject: string;
  /** Milliseconds: until then the chain goes on. */
  linkUntil: number;
  accessUntil: number;
}

/**
 * Strangers who ask at the very moment the model does, each with a chain of its own, so that its calls share their statements with theirs. Whatever
 * becomes of the model's chains, each of them gets what is its own.
 */
export class Company {
  private readonly members: Member[] = [];
  private client!: TestClient;
  private api!: TestClient;
  private turn = 0;
  private asking: Promise<unknown> | undefined;

  private constructor(private readonly world: World) {}

  static async of(size: number, world: World): Promise<Company> {
    const company = new Company(world);
    const { service } = world.instances[0];
    const settings = { rotation: true, refreshTokenLifetime: LINK, chainLifetime: CHAIN };
    company.client = await publicClient().withSettings(settings).register(service);
    company.api = await resourceServer().register(service);
    for (let n = 0; n < size; n++) company.members.push({ ...(await company.begin(`stranger-${n}`)) });
    return company;
  }

  /** All of them at once, where they are not at it: half refresh, the others ask about the access token they got so. */
  ask(at: 0 | 1): Promise<unknown> {
    this.asking ??= this.round(at).finally(() => (this.asking = undefined));
    return this.asking;
  }

  private round(at: 0 | 1): Promise<unknown> {
    const turn = this.turn++;
    return Promise.all(this.members.map((member, n) => ((n + turn) % 2 === 0 ? this.refresh(member, at) : this.introspect(member, at))));
  }

  private async begin(subject: string): Promise<Member> {
    const until = this.world.now() + CHAIN * 1000;
    const { service } = this.world.instances[0];
    const { refreshToken } = await openChain(service, { client: this.client.id, subject, expiresAt: new Date(until) });
    return { refreshToken, accessToken: undefined, subject, linkUntil: this.world.now() + 86_400_000, accessUntil: 0 };
  }

  private async refresh(member: Member, at: 0 | 1): Promise<void> {
    if (member.linkUntil <= this.world.now()) Object.assign(member, await this.begin(member.subject));
    const now = this.world.now();
    const { status, body } = await this.world.send(at, '/connect/token', this.client, [
      ['grant_type', 'refresh_token'],
      ['refresh_token', member.refreshToken],
    ]);
    expect([status, body.error]).toEqual([200, undefined]);
    expect(body.refresh_token).not.toBe(member.refreshToken);
    member.refreshToken = body.refresh_token as string;
    member.accessToken = body.access_token as string;
    member.linkUntil = now + LINK * 1000;
    member.accessUntil = endOf(now, Number(body.expires_in));
  }

  private async introspect({ accessToken, subject, accessUntil }: Member, at: 0 | 1): Promise<void> {
    if (accessToken === undefined) return;
    const { status, body } = await this.world.send(at, '/connect/introspect', this.api, [['token', accessToken]]);
    const expected = accessUntil > this.world.now() ? { active: true, sub: subject } : { active: false };
    expect([status, body]).toEqual([200, expect.objectContaining(expected)]);
  }
}
