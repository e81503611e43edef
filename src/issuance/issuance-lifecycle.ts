import { Inject, Injectable, Optional, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { IDENTITY_OPTIONS, type IdentityOptions } from '../identity/identity.options.js';
import { ConfigurationWatch, WATCH_PERIOD_MS } from './configuration/configuration-watch.js';
import { FirstPartyClient } from './first-party/first-party-client.js';
import type { ResolvedIssuanceOptions } from './issuance.options.js';
import { ISSUANCE_OPTIONS } from './issuance.tokens.js';
import { KeyRing } from './keys/key-ring.js';
import { KEY_RELOAD_SECONDS } from './keys/key-rotation.js';
import { TokenMaintenance } from './maintenance/token-maintenance.js';

const MAINTENANCE_PERIOD_MS = 600_000;

/** What the authorization server does by itself: before the first request, from time to time, and before it goes. */
@Injectable()
export class IssuanceLifecycle implements OnModuleInit, BeforeApplicationShutdown {
  private readonly timers: NodeJS.Timeout[] = [];

  constructor(
    private readonly maintenance: TokenMaintenance,
    private readonly keys: KeyRing,
    private readonly configuration: ConfigurationWatch,
    private readonly firstParty: FirstPartyClient,
    @Inject(ISSUANCE_OPTIONS) private readonly options: ResolvedIssuanceOptions,
    @Optional() @Inject(IDENTITY_OPTIONS) private readonly identity?: IdentityOptions,
  ) {}

  /** @throws Error when the modules' options contradict each other, or the master key is another one; StorageUnavailableError */
  async onModuleInit(): Promise<void> {
    if (this.identity && this.identity.storage !== this.options.tokenStorage) {
      throw new Error('IdentityModule.storage and IssuanceModule.tokenStorage differ: log-out would end nothing. Set both alike.');
    }
    await this.configuration.look(); // before anything is remembered
    await this.maintenance.prepare();
    await this.firstParty.ensure();
    this.every(WATCH_PERIOD_MS, () => this.configuration.tick());
    this.every(KEY_RELOAD_SECONDS * 1000, () => this.keys.reload().catch(() => undefined)); // the next statement will tell
    this.every(MAINTENANCE_PERIOD_MS, () => this.maintenance.round());
  }

  /** Before the data source closes. */
  async beforeApplicationShutdown(): Promise<void> {
    this.timers.forEach(clearInterval);
    await this.configuration.settled();
    await this.maintenance.release();
  }

  private every(milliseconds: number, work: () => Promise<void>): void {
    this.timers.push(setInterval(() => void work(), milliseconds).unref());
  }
}
