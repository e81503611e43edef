/** What is no option, though it begins like one: an id of 20 characters or more, in base64url (RFC 4648 §5), where one in 64 begins with `-`. */
const DASHED_ID = /^-[\w-]{19,}$/;

/** The same arguments with such ids behind `--`, where they are read as they are. What follows an option is its value. */
export function idsLast(args: readonly string[]): string[] {
  if (args.includes('--')) return [...args];
  const isId = (arg: string, index: number): boolean =>
    DASHED_ID.test(arg) && !arg.startsWith('--') && !(args[index - 1] ?? '').startsWith('--');
  const ids = args.filter(isId);
  return ids.length === 0 ? [...args] : [...args.filter((arg, index) => !isId(arg, index)), '--', ...ids];
}
