let loading: Promise<ReadonlySet<string>> | undefined;

/** Whether a password, normalised and in lower case, is among the common and breached ones. The list (49 000, of zxcvbn) is loaded by the first call. */
export async function isCommonPassword(password: string): Promise<boolean> {
  loading ??= load();
  return (await loading).has(password);
}

async function load(): Promise<ReadonlySet<string>> {
  const { dictionary } = await import('@zxcvbn-ts/language-common');
  return new Set(dictionary['passwords-common'].map((password) => String(password).normalize('NFKC').toLowerCase()));
}
