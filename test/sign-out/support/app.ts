import { CodeFlow, codeClient } from '../../support/code-flow.js';
import type { ClientBuilder } from '../../support/clients.js';
import type { TestService } from '../../support/service-app.js';
import type { SignedInBrowser } from './signed-in-browser.js';

export const SIGNED_OUT_URI = 'https://app.example/signed-out';

/** A client that people sign in to by code, and out of. */
export const signOutClient = (type: 'public' | 'confidential' = 'confidential'): ClientBuilder =>
  codeClient(type).with({ postLogoutRedirectUris: [SIGNED_OUT_URI] });

/** What an app holds after the person has signed in to it with this browser. */
export interface SignedInApp {
  readonly idToken: string;
  readonly accessToken: string;
  readonly refreshToken: string | undefined;
}

export async function signInTo(app: CodeFlow, { session }: SignedInBrowser, scopes = ['openid']): Promise<SignedInApp> {
  const { status, body } = await app.redeem(await app.issue({ session, scopes }));
  if (status !== 200) throw new Error(`The code was not redeemed: ${JSON.stringify(body)}`);
  return { idToken: body.id_token, accessToken: body.access_token, refreshToken: body.refresh_token };
}

export const openApp = (service: TestService, builder = signOutClient()): Promise<CodeFlow> => CodeFlow.of(service, builder);
