import { DeviceCodeGrant } from '../../issuance/grants/device-code.grant.js';
import type { Environment } from '../environment/variables.js';
import type { DemoCredentials } from './demo-credentials.js';
import { DEMO } from './demo-data.js';

/** What the first screen says: where the service listens, and lines that work when pasted into a shell, top to bottom. */
export function banner(environment: Environment, addresses: readonly string[], credentials: DemoCredentials): string {
  const url = `http://${hostOf(addresses)}:${environment.PORT}`;
  const basic = (id: string, secret: string): string => `-u '${id}:${secret}'`;
  const service = basic(DEMO.serviceId, credentials.serviceSecret);
  const field = (name: string): string => `node -p 'JSON.parse(require("fs").readFileSync(0)).${name}'`;
  const login = `-H 'content-type: application/json' -d '{"email":"${DEMO.email}","password":"${credentials.password}"}'`;
  const tryIt: readonly (readonly [string, string, boolean])[] = [
    ['sign in as the demo user', `curl -s ${url}/auth/login ${login}`, environment.SIGN_IN_API],
    [
      'the same, and keep the access token',
      `TOKEN=$(curl -s ${url}/auth/login ${login} | ${field('accessToken')})`,
      environment.SIGN_IN_API,
    ],
    ['who am I', `curl -s ${url}/auth/me -H "authorization: Bearer $TOKEN"`, environment.SIGN_IN_API],
    [
      'a token for a machine',
      `MACHINE=$(curl -s ${url}/connect/token ${service} -d grant_type=client_credentials -d scope=todos:read | ${field('access_token')}); echo $MACHINE`,
      environment.TOKEN_ENDPOINT && environment.GRANT_CLIENT_CREDENTIALS !== false,
    ],
    [
      'what the Todo API is told about it',
      `curl -s ${url}/connect/introspect ${basic(DEMO.apiId, credentials.apiSecret)} -d token=$MACHINE`,
      environment.INTROSPECTION_ENDPOINT ?? environment.TOKEN_STORAGE,
    ],
    [
      'revoke it',
      `curl -s ${url}/connect/revoke ${service} -d token=$MACHINE`,
      environment.REVOCATION_ENDPOINT ?? environment.TOKEN_STORAGE,
    ],
    [
      `a television asks for codes: open its verification_uri_complete in a browser, and sign in as ${DEMO.email}`,
      `TV=$(curl -s ${url}/connect/device -d client_id=${DEMO.deviceId} -d scope=openid+offline_access+todos:read); echo "$TV"`,
      hasDevices(environment),
    ],
    [
      'its tokens, once you have connected it there',
      `curl -s ${url}/connect/token -d client_id=${DEMO.deviceId} -d grant_type=${DeviceCodeGrant.type} -d device_code=$(echo "$TV" | ${field('device_code')})`,
      hasDevices(environment),
    ],
  ];
  return [
    '',
    `Countersign listens on ${addresses.map((address) => `http://${bracketed(address)}:${environment.PORT}`).join(' and ')}`,
    `Discovery: ${url}/.well-known/openid-configuration`,
    `Data: ${environment.DATA_DIRECTORY} (embedded PostgreSQL, for development; set DATABASE_URL and MASTER_KEY for anything else)`,
    '',
    ...tryIt.flatMap(([what, line, works]) => (works ? [`# ${what}`, line] : [])),
    '',
    '',
  ].join('\n');
}

const hasDevices = ({ TOKEN_ENDPOINT, TOKEN_STORAGE, DEVICE_ENDPOINT, GRANT_DEVICE_CODE, PAGES }: Environment): boolean =>
  TOKEN_ENDPOINT && (DEVICE_ENDPOINT ?? (TOKEN_STORAGE && PAGES !== false)) && GRANT_DEVICE_CODE !== false;

const bracketed = (address: string): string => (address.includes(':') ? `[${address}]` : address);

function hostOf(addresses: readonly string[]): string {
  if (addresses.some((address) => ['127.0.0.1', '::1', '0.0.0.0', '::', 'localhost'].includes(address))) return 'localhost';
  return bracketed(addresses[0] ?? 'localhost');
}
