/** DI token of the options. */
export const PROTECTED_RESOURCE_OPTIONS = Symbol('ProtectedResourceOptions');

const WELL_KNOWN = '/.well-known/oauth-protected-resource';

/** Where an API says of itself whose tokens it takes. BearerGuard's challenges point there, if the application has one. */
export class ProtectedResource {
  /** Path of the metadata: the API's own path comes behind the well-known one (RFC 9728 §3.1). */
  readonly path: string;
  readonly metadataUrl: string;

  constructor(resource: string) {
    const { origin, pathname } = new URL(resource);
    this.path = WELL_KNOWN + (pathname === '/' ? '' : pathname);
    this.metadataUrl = origin + this.path;
  }
}
