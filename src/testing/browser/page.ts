/** What a navigation ended at. */
export interface Page {
  /** Of the last answer, with its fragment. */
  readonly url: string;
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
  /** Every address asked on the way, the last one included. */
  readonly visited: readonly string[];
}

/** A form as a page offers it. */
export interface Form {
  readonly action: string;
  readonly method: 'GET' | 'POST';
  readonly fields: Readonly<Record<string, string>>;
}

const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  '#39': "'",
  '#x27': "'",
  '#47': '/',
  '#x2F': '/',
};

/** Where `<meta http-equiv="refresh" content="0; url=…">` leads at once. HTML §4.2.5.3 "Refresh state" */
export function immediateRefresh(page: Pick<Page, 'status' | 'headers' | 'body' | 'url'>): string | undefined {
  if (page.status !== 200 || !isHtml(page.headers)) return undefined;
  const tag = tags(page.body, 'meta').find((meta) => attribute(meta, 'http-equiv')?.toLowerCase() === 'refresh');
  const target = /^\s*0+(?:\.\d*)?\s*[;,]\s*url\s*=\s*(['"]?)(.+?)\1\s*$/i.exec((tag && attribute(tag, 'content')) ?? '')?.[2];
  return target === undefined ? undefined : new URL(target, page.url).href;
}

/** The form with that action, or the first. What is checked, hidden or filled in counts; buttons do not. */
export function formOf({ body, url }: Page, action?: string): Form {
  for (const [, start = '', inside = ''] of body.matchAll(/(<form\b[^>]*>)(.*?)<\/form>/gis)) {
    const target = new URL(attribute(start, 'action') || url, url).href;
    if (action !== undefined && new URL(action, url).href !== target) continue;
    return { action: target, method: attribute(start, 'method')?.toUpperCase() === 'POST' ? 'POST' : 'GET', fields: fieldsOf(inside) };
  }
  throw new Error(`There is no ${action === undefined ? 'form' : `form to ${action}`} on ${url}:\n${body.slice(0, 2000)}`);
}

function fieldsOf(html: string): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const tag of tags(html, 'input')) {
    const [name, type] = [attribute(tag, 'name'), attribute(tag, 'type')?.toLowerCase() ?? 'text'];
    const isButton = ['submit', 'button', 'image', 'reset', 'file'].includes(type);
    const isUnchecked = (type === 'checkbox' || type === 'radio') && attribute(tag, 'checked') === undefined;
    if (name !== undefined && !isButton && !isUnchecked) fields[name] = attribute(tag, 'value') ?? (type === 'checkbox' ? 'on' : '');
  }
  return fields;
}

const isHtml = (headers: Headers): boolean => /^text\/html\b/i.test(headers.get('content-type') ?? '');

const tags = (html: string, name: string): readonly string[] => html.match(new RegExp(`<${name}\\b[^>]*>`, 'gi')) ?? [];

/** The value of a tag's attribute, in any way of quoting. */
function attribute(tag: string, name: string): string | undefined {
  const [found, double, single, bare] =
    new RegExp(`\\s${name}(?:\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s"'>]+)))?(?=[\\s/>])`, 'i').exec(tag) ?? [];
  return found === undefined ? undefined : unescaped(double ?? single ?? bare ?? '');
}

const unescaped = (text: string): string => text.replace(/&(#?\w+);/g, (entity, name: string) => ENTITIES[name] ?? entity);
