import { readFileSync, statSync } from 'node:fs';

/** A picture that the operator gave. */
export interface Logo {
  readonly body: Buffer;
  readonly contentType: 'image/svg+xml' | 'image/png' | 'image/webp';
  readonly extension: 'svg' | 'png' | 'webp';
}

const LARGEST = 256 * 1024;

/** By what it is, whatever it is called. A fault completes "pages.logo …". */
export function readLogo(path: string): Logo | { readonly fault: string } {
  let body: Buffer;
  try {
    if (!statSync(path).isFile()) return { fault: 'must name a file.' };
    if (statSync(path).size > LARGEST) return { fault: 'must be 256 KiB at most.' };
    body = readFileSync(path);
  } catch (error) {
    return { fault: `cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown error'}): correct the path or its permissions.` };
  }
  if (isPng(body)) return { body, contentType: 'image/png', extension: 'png' };
  if (isWebp(body)) return { body, contentType: 'image/webp', extension: 'webp' };
  if (isSvg(body)) return { body, contentType: 'image/svg+xml', extension: 'svg' };
  return { fault: 'must be an SVG, PNG or WebP picture.' };
}

const isPng = (body: Buffer): boolean => body.subarray(0, 8).equals(Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]));

const isWebp = (body: Buffer): boolean => body.toString('latin1', 0, 4) === 'RIFF' && body.toString('latin1', 8, 12) === 'WEBP';

/** The root element, after what may come before it (XML 1.0 §2.8). */
const isSvg = (body: Buffer): boolean =>
  /^\uFEFF?\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--[^]*?-->\s*)*(?:<!DOCTYPE svg[^>[]*>\s*)?(?:<!--[^]*?-->\s*)*<svg[\s>]/.test(
    body.toString('utf8', 0, 4096),
  );
