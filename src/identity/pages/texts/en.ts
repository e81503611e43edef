/** Every text of the pages, in English. `{name}` stands for what the page fills in. */
export const en = {
  'sign-in.title': 'Sign in',
  'sign-in.submit': 'Sign in',
  'register.title': 'Create an account',
  'select-account.title': 'Choose an account',
  'consent.title': '{app} asks for access',
  'activate.title': 'Connect a device',
  'activate-confirm.title': 'Connect this device?',
  'account.title': 'Your account',
  'sign-out.title': 'Sign out?',
  'message.title': 'Message',
  'form-post.title': 'One moment',
} as const;

export type TextKey = keyof typeof en;
