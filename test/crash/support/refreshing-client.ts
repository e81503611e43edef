import { setTimeout as sleep } from 'node:timers/promises';

/** An answer a client has got, and when it asked for it. */
export interface Acknowledged {
  readonly refreshToken: string;
  readonly accessToken: string;
  /** Milliseconds since the epoch, of the attempt that was answered. */
  readonly askedAt: number;
  /** Attempts before that one. */
  readonly failedBefore: number;
}

/** An app that refreshes without pause, and presents the same token again until it is answered. */
export class RefreshingClient {
  readonly acknowledged: Acknowledged[] = [];
  /** Answers that a client could not make sense of. */
  readonly unexpected: string[] = [];
  private stopped = false;

  constructor(
    private readonly url: string,
    private readonly clientId: string,
    private newest: string,
  ) {}

  async run(): Promise<void> {
    while (!this.stopped && this.unexpected.length === 0) await this.refresh();
  }

  /** The refresh that is under way is still seen through. */
  stop(): void {
    this.stopped = true;
  }

  /** Presents the newest token until it is answered. */
  async refresh(): Promise<void> {
    const { newest } = this;
    for (let failed = 0; failed < 1000; failed++) {
      const askedAt = Date.now();
      const answer = await this.present(newest);
      if (answer === 'none') {
        await sleep(50 + Math.random() * 100);
        continue;
      }
      if (answer === 'unexpected') return;
      this.newest = answer.refresh_token;
      this.acknowledged.push({ refreshToken: answer.refresh_token, accessToken: answer.access_token, askedAt, failedBefore: failed });
      return;
    }
    this.unexpected.push('never answered');
  }

  private async present(token: string): Promise<{ refresh_token: string; access_token: string } | 'none' | 'unexpected'> {
    const body = new URLSearchParams({ grant_type: 'refresh_token', client_id: this.clientId, refresh_token: token });
    try {
      const response = await fetch(`${this.url}/connect/token`, { method: 'POST', body, signal: AbortSignal.timeout(10_000) });
      if (response.status === 503) return 'none'; // it says itself: later
      const answer = (await response.json()) as { refresh_token: string; access_token: string; error?: string };
      if (response.status === 200) return answer;
      this.unexpected.push(`${response.status} ${answer.error}`);
      return 'unexpected';
    } catch {
      return 'none'; // refused, or cut off in the middle
    }
  }
}
