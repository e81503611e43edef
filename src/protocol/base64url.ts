/** Whether a text is the one spelling of its bytes: spare bits of the last character, padding or line breaks would give them several. RFC 4648 §3.5 */
export const isCanonicalBase64url = (text: string): boolean => Buffer.from(text, 'base64url').toString('base64url') === text;
