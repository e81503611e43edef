import type { ModuleRef } from '@nestjs/core';
import type { CheckChoice } from '../check-choice.js';
import type { TokenCheck } from '../token-check.js';
import type { ResolvedValidationOptions } from '../validation.options.js';
import { BUILT_IN_CHECKS } from './built-in-checks.js';
import { UncachedIntrospectionCheck } from './uncached-introspection.check.js';

/** A check of the application. */
export interface ActiveCheck {
  readonly check: TokenCheck;
  /** How it is noticed that a token ends while something is open by it: by its dates alone, by what the feed brings, or by asking this check again. */
  readonly watch: 'dates' | 'feed' | TokenCheck;
}

type Hook = 'onModuleInit' | 'onApplicationBootstrap' | 'onModuleDestroy' | 'beforeApplicationShutdown' | 'onApplicationShutdown';
type Hooks = { readonly [Name in Hook]?: (...signal: unknown[]) => unknown };

/** The checks of the application: the module's own, and those that `@Check()` names, each made once. */
export class ActiveChecks {
  private constructor(
    private readonly own: ActiveCheck,
    private readonly marked: ReadonlyMap<CheckChoice, ActiveCheck>,
  ) {}

  /** @param own what the option `check` stands for */
  static async create({ check, checks }: ResolvedValidationOptions, modules: ModuleRef, own: TokenCheck): Promise<ActiveChecks> {
    const marked = new Map<CheckChoice, ActiveCheck>();
    for (const mark of checks) {
      const made = mark === check ? own : await modules.create<TokenCheck>(typeof mark === 'string' ? BUILT_IN_CHECKS[mark] : mark);
      marked.set(mark, { check: made, watch: await watchOf(mark, made, modules) });
    }
    return new ActiveChecks(marked.get(check) ?? { check: own, watch: own }, marked);
  }

  /** @throws Error for a mark that was not seen at start */
  of(mark?: CheckChoice): ActiveCheck {
    if (mark === undefined) return this.own;
    const active = this.marked.get(mark);
    if (active) return active;
    const name = typeof mark === 'string' ? `'${mark}'` : mark.name;
    throw new Error(
      `@Check(${name}) was not seen at start: provide what bears it by its class, in a module that imports ValidationModule.`,
    );
  }

  /** Nest knows of the module's own only. */
  onModuleInit = (): Promise<void> => this.#pass('onModuleInit');
  onApplicationBootstrap = (): Promise<void> => this.#pass('onApplicationBootstrap');
  onModuleDestroy = (): Promise<void> => this.#pass('onModuleDestroy');
  beforeApplicationShutdown = (signal?: string): Promise<void> => this.#pass('beforeApplicationShutdown', signal);
  onApplicationShutdown = (signal?: string): Promise<void> => this.#pass('onApplicationShutdown', signal);

  async #pass(hook: Hook, ...signal: unknown[]): Promise<void> {
    for (const { check } of this.marked.values()) if (check !== this.own.check) await (check as Hooks)[hook]?.(...signal);
  }
}

/** An answer of the issuer's that is believed for a while would end nothing meanwhile. */
async function watchOf(mark: CheckChoice, made: TokenCheck, modules: ModuleRef): Promise<ActiveCheck['watch']> {
  if (mark === 'signature') return 'dates';
  if (mark === 'feed') return 'feed';
  return mark === 'introspection' ? modules.create<TokenCheck>(UncachedIntrospectionCheck) : made;
}
