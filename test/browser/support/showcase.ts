import { Module, Param, Req, Res } from '@nestjs/common';
import type { BrowserReply } from '../../../src/identity/browser/browser-request.js';
import { PageController } from '../../../src/identity/pages/page-controller.decorator.js';
import type { PageModels, PageName } from '../../../src/identity/pages/page-models.js';
import { PageReplies } from '../../../src/identity/pages/page-replies.js';
import type { PageRequest } from '../../../src/identity/pages/page-request.js';
import { PageRoute } from '../../../src/identity/pages/page-route.decorator.js';

type Shown = { [Name in PageName]: readonly [page: Name, model: PageModels[Name]] }[PageName];

const form = { action: '/showcase/sent', fields: { csrf: 'x', ticket: 'y' } };
const account = 'ada.lovelace@analytical-engine.example';
const appName = 'Kettle & Sparrows';
const scopes = [
  { name: 'openid' },
  { name: 'profile' },
  { name: 'email' },
  { name: 'todos:read', description: 'Read your to-do lists' },
  { name: 'todos:write', description: 'Change your to-do lists' },
  { name: 'offline_access' },
];
const agents = {
  chrome: 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36',
  phone:
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1',
};
const ago = (hours: number): Date => new Date(Date.now() - hours * 3_600_000);
const sessions = [
  { id: 'a', userAgent: agents.chrome, address: '203.0.113.9', createdAt: ago(50), lastSeenAt: ago(0), current: true },
  { id: 'b', userAgent: agents.phone, address: '2001:db8:85a3::8a2e:370:7334', createdAt: ago(90), lastSeenAt: ago(3), current: false },
  {
    id: 'c',
    appName: 'Todo for iPhone',
    userAgent: 'TodoApp/3.1 (iPhone; iOS 17.5)',
    createdAt: ago(900),
    lastSeenAt: ago(700),
    current: false,
  },
];
const apps = [
  { id: 'kettle', name: appName, scopes, grantedAt: ago(2000), lastUsedAt: ago(30) },
  { id: 'photos', name: 'Photo Printer', scopes: scopes.slice(0, 2), grantedAt: ago(500) },
];

/** Every page with what it may have to show, so that its look can be judged without the way there. */
export const SHOWCASE = {
  'sign-in': ['sign-in', { form, appName, registerHref: '/register' }],
  'sign-in-wrong': ['sign-in', { form, appName, email: account, registerHref: '/register', problem: { code: 'wrong-credentials' } }],
  'sign-in-locked': ['sign-in', { form, email: account, problem: { code: 'too-many-attempts', seconds: 900 } }],
  register: ['register', { form, appName, passwordMinLength: 8, signInHref: '/sign-in' }],
  'register-refused': [
    'register',
    { form, email: account, displayName: 'Ada', passwordMinLength: 8, signInHref: '/sign-in', problem: { code: 'password-common' } },
  ],
  'select-account': ['select-account', { form, appName, account }],
  consent: ['consent', { form, appName, account, scopes, host: 'kettle.example' }],
  'consent-grown': [
    'consent',
    {
      form,
      appName,
      account,
      scopes: scopes.map((scope) => (scope.name === 'todos:write' ? { ...scope, isNew: true } : scope)),
      host: 'kettle.example',
    },
  ],
  'consent-nothing': ['consent', { form, appName, account, scopes: [], host: 'kettle.example' }],
  activate: ['activate', { form, account }],
  'activate-wrong': ['activate', { form, account, code: 'WDJB-MJHT', problem: { code: 'wrong-code' } }],
  'activate-confirm': [
    'activate-confirm',
    { form, account, code: 'WDJB-MJHT', appName: 'Living-room television', scopes: scopes.slice(0, 3) },
  ],
  account: [
    'account',
    { form, account: { name: 'Ada Lovelace', email: account }, sessions, apps, signOutHref: '/sign-out', notice: 'others-ended' },
  ],
  'account-alone': ['account', { form, account: { email: account }, sessions: sessions.slice(0, 1), apps: [], signOutHref: '/sign-out' }],
  'sign-out': ['sign-out', { form, account }],
  error: ['message', { code: 'error', detail: 'The parameter redirect_uri is none of those registered for the client.' }],
  unexpected: ['message', { code: 'error', correlation: '0f8fad5b-d9cb-469f-a165-70867728950e' }],
  expired: ['message', { code: 'expired' }],
  'expired-again': ['message', { code: 'expired', href: '/sign-in' }],
  'not-found': ['message', { code: 'not-found' }],
  unavailable: ['message', { code: 'unavailable' }],
  'too-many-attempts': ['message', { code: 'too-many-attempts', seconds: 30 }],
  'signed-out': ['message', { code: 'signed-out', href: '/sign-in' }],
  activated: ['message', { code: 'activated' }],
  denied: ['message', { code: 'denied' }],
  'form-post': ['form-post', { form: { action: '/showcase/sent', fields: { code: 'c', state: 's' } } }],
} as const satisfies Readonly<Record<string, Shown>>;

/** Where the page that goes by POST goes. */
export const formPostTo = (action: string): void => void (formPostAction = action);
let formPostAction: string | undefined;

@PageController()
class ShowcaseController {
  constructor(private readonly replies: PageReplies) {}

  @PageRoute('GET', '/showcase/:name')
  async show(@Param('name') name: keyof typeof SHOWCASE, @Req() request: PageRequest, @Res() reply: BrowserReply): Promise<void> {
    if (name === 'form-post' && formPostAction !== undefined) {
      const form = { action: formPostAction, fields: { code: 'c', state: 's' } };
      return this.replies.send(request, reply, name, { form }, { formAction: [new URL(formPostAction).origin] });
    }
    const [page, model] = SHOWCASE[name] as readonly [PageName, PageModels[PageName]];
    return this.replies.send(request, reply, page, model);
  }
}

/** For `startService({ issuance: { imports: [ShowcaseModule] } })`. */
@Module({ controllers: [ShowcaseController] })
export class ShowcaseModule {}
