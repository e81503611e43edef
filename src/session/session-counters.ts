import { Injectable } from '@nestjs/common';
import { SessionEvents } from './session-events.js';

/** What is counted, and what its one label is called. Names by the conventions of Prometheus. */
const COUNTERS = {
  countersign_session_sign_ins_total: undefined,
  countersign_session_refreshes_total: 'outcome',
  countersign_session_refresh_waiters_total: 'behind',
  countersign_session_late_cookies_total: undefined,
  countersign_session_rejected_total: 'reason',
  countersign_session_ended_total: 'reason',
} as const;

export type SessionCounter = keyof typeof COUNTERS;

export interface SessionCount {
  readonly name: SessionCounter;
  /** Value of the counter's label, if it has one. */
  readonly label?: string;
  readonly count: number;
}

/** Counts what happens to sessions in this process. */
@Injectable()
export class SessionCounters {
  private readonly counts = new Map<string, { readonly name: SessionCounter; readonly label?: string; count: number }>();

  constructor(events: SessionEvents) {
    events.on('session.created', () => this.add('countersign_session_sign_ins_total'));
    events.on('session.refreshed', () => this.add('countersign_session_refreshes_total', 'ok'));
    events.on('oidc.unavailable', () => this.add('countersign_session_refreshes_total', 'transient'));
    events.on('oidc.misconfigured', () => this.add('countersign_session_refreshes_total', 'misconfigured'));
    events.on('refresh.shared', () => this.add('countersign_session_refresh_waiters_total', 'request'));
    events.on('refresh.waits', () => this.add('countersign_session_refresh_waiters_total', 'process'));
    events.on('session.late', () => this.add('countersign_session_late_cookies_total'));
    events.on('session.rejected', ({ reason }) => this.add('countersign_session_rejected_total', reason));
    events.on('session.ended', ({ reason }) => {
      this.add('countersign_session_ended_total', reason);
      if (reason === 'invalid_grant' || reason === 'refresh_lost') this.add('countersign_session_refreshes_total', 'terminal');
    });
  }

  /** So far, in the order in which they first happened. */
  values(): readonly SessionCount[] {
    return [...this.counts.values()].map((count) => ({ ...count }));
  }

  /** The same in the text format of Prometheus (version 0.0.4), for a route that is scraped. */
  text(): string {
    const lines = (Object.keys(COUNTERS) as SessionCounter[]).flatMap((name) => {
      const samples = this.values().filter((count) => count.name === name);
      return [`# TYPE ${name} counter`, ...samples.map(({ label, count }) => `${name}${labels(name, label)} ${count}`)];
    });
    return `${lines.join('\n')}\n`;
  }

  private add(name: SessionCounter, label?: string): void {
    const key = `${name} ${label}`;
    const known = this.counts.get(key);
    if (known) known.count++;
    else this.counts.set(key, { name, ...(label !== undefined && { label }), count: 1 });
  }
}

/** Labels are words of ours: nothing in them is to be escaped. */
const labels = (name: SessionCounter, label: string | undefined): string => (label === undefined ? '' : `{${COUNTERS[name]}="${label}"}`);
