import './typescript.mjs';

// The test runner loads its global set-up by Node's own loader, which needs the hooks to read TypeScript.
export default async function globalSetup() {
  const { startSharedServer } = await import('./shared-server.ts');
  globalThis.stopSharedServer = await startSharedServer();
}
