/** The platform's own, in browsers and in Node, with whichever types the application has for it. */
export type Fetch = typeof globalThis.fetch;

/** Of the Web Locks API, what is used here. */
export interface LockManager {
  request<T>(name: string, options: { readonly signal?: AbortSignal }, work: () => Promise<T>): Promise<T>;
}

interface Browser {
  readonly navigator?: { readonly locks?: LockManager };
  readonly document?: { readonly baseURI?: string };
}

const browser = globalThis as unknown as Browser;

/** Absent in Node before 24.5, in browsers before 2022, and where the page is no secure context. */
export const platformLocks = (): LockManager | undefined => browser.navigator?.locks;

/** What relative addresses are relative to: nothing, outside of a page. */
export const baseAddress = (): string | undefined => browser.document?.baseURI;
