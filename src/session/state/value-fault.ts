const NAME = /^[\w.:-]{1,64}$/;
/** Characters of JSON. */
const LONGEST = 8_192;

/** What is wrong with a value that an application wants to keep. */
export function valueFault(name: string, value: unknown): Error | undefined {
  if (!NAME.test(name)) return new TypeError('The name of a value must be of 1 to 64 letters, digits and . : _ -');
  if (value === undefined) return undefined;
  // What is no JSON (a function, a symbol) has none; a cycle or a bigint throws a TypeError of its own.
  const json = JSON.stringify(value) as string | undefined;
  if (json === undefined) return new TypeError('The value is nothing that JSON knows.');
  return json.length > LONGEST ? new RangeError(`The value is longer than ${LONGEST} characters of JSON.`) : undefined;
}
