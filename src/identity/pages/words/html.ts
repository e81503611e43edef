/** Text that is HTML already, so that it is not escaped again. */
export class Html {
  constructor(private readonly html: string) {}

  toString(): string {
    return this.html;
  }
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** For the text of elements and for attributes in quotes. Absent values are nothing. */
export function escapeHtml(value: unknown): string {
  if (value instanceof Html) return value.toString();
  return String(value ?? '').replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
