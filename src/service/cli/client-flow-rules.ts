import type { NewClient } from '../../storage/client.store.js';
import { isSecureAddress, shown, when } from './rules.js';

const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code';

/** What is wrong with how a client signs people in and out: by browser, by device, by consent. */
export function flowFaults(client: NewClient): string[] {
  const { permissions, redirectUris, postLogoutRedirectUris, backchannelLogoutUri, settings, type } = client;
  const mayUse = (endpoint: NewClient['permissions']['endpoints'][number]): boolean => permissions.endpoints.includes(endpoint);
  const mayAsk = (grantType: string): boolean => permissions.grantTypes.includes(grantType);
  return [
    ...when(mayUse('authorization') && redirectUris.length === 0, '--endpoint authorization needs at least one --redirect-uri.'),
    ...when(mayAsk('authorization_code') && !mayUse('authorization'), '--grant authorization_code needs --endpoint authorization.'),
    ...when(mayAsk(DEVICE_CODE) && !mayUse('device'), `--grant ${DEVICE_CODE} needs --endpoint device.`),
    ...when(mayUse('pushed_authorization') && !mayUse('authorization'), '--endpoint pushed_authorization needs --endpoint authorization.'),
    ...when(
      settings.requirePushedRequests === true && !mayUse('pushed_authorization'),
      '--require-pushed-requests on needs --endpoint pushed_authorization.',
    ),
    ...when(settings.requirePkce === false && type === 'public', '--require-pkce off needs --type confidential (RFC 9700 §2.1.1).'),
    ...when(postLogoutRedirectUris.length > 0 && !mayUse('end_session'), '--post-logout-redirect-uri needs --endpoint end_session.'),
    ...when(
      backchannelLogoutUri !== undefined && !isSecureAddress(backchannelLogoutUri),
      `--backchannel-logout-uri ${shown(backchannelLogoutUri ?? '')} must be https, or http on loopback, without user or fragment.`,
    ),
  ];
}
