/**
 * Whether an Accept header (RFC 9110 §12.5.1) asks for `wanted` by its name, and for nothing else more than for it. Ranges with an asterisk, and no
 * header at all, speak for `usual`: what a caller does not name it does not expect.
 */
export function prefers(accept: string | undefined, wanted: string, usual: string): boolean {
  if (!accept?.toLowerCase().includes(wanted)) return false;
  const weights = parseAccept(accept);
  const [type] = usual.split('/');
  const weight = weights.get(wanted) ?? 0;
  return weight > 0 && weight >= (weights.get(usual) ?? weights.get(`${type}/*`) ?? weights.get('*/*') ?? 0);
}

/** The highest weight of each range; parameters beside the weight are passed over, and so are ranges whose weight is none. */
function parseAccept(accept: string): Map<string, number> {
  const weights = new Map<string, number>();
  for (const part of accept.toLowerCase().split(',')) {
    const [range = '', ...parameters] = part.split(';').map((text) => text.trim());
    const weight = parameters.find((text) => text.startsWith('q='))?.slice(2) ?? '1';
    if (/^(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(weight)) weights.set(range, Math.max(Number(weight), weights.get(range) ?? 0));
  }
  return weights;
}
