import { ENDPOINTS, type EndpointName } from './endpoint.js';

/** A request that reached the provider. What is not known yet, or does not apply, is undefined. */
export interface ProviderCall {
  readonly endpoint: EndpointName;
  readonly method: string;
  /** When it arrived, by the provider's clock. Milliseconds since the epoch. */
  readonly time: number;
  /** Of query and body together. Secrets included: it is a test's provider. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly grantType: string | undefined;
  /** Of the refresh token that was presented, spent or not. */
  readonly family: string | undefined;
  /** 0 is the refresh token that the code was redeemed for. */
  readonly generation: number | undefined;
  /** What the provider decided, whether or not the answer went out. */
  status: number | undefined;
  /** The OAuth error of that decision. */
  error: string | undefined;
  /** Whether an answer went out. False: still waiting, hung or dropped. */
  answered: boolean;
}

export class CallLog {
  private all: ProviderCall[] = [];

  record(call: ProviderCall): void {
    this.all.push(call);
  }

  calls(endpoint?: EndpointName, grantType?: string): readonly ProviderCall[] {
    return this.all.filter(
      (call) => (endpoint === undefined || call.endpoint === endpoint) && (grantType === undefined || call.grantType === grantType),
    );
  }

  counts(): Readonly<Record<EndpointName, number>> {
    const counted = ENDPOINTS.map((endpoint) => [endpoint, this.calls(endpoint).length] as const);
    return Object.fromEntries(counted) as Record<EndpointName, number>;
  }

  forget(): void {
    this.all = [];
  }
}
