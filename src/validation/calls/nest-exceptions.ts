/** A class of Nest's whose instances its filters answer with: everything else is an internal error to them. */
type ExceptionClass = new (error: object) => Error;

/** By context type. Loaded when one is first needed, from where the application has them: whoever guards HTTP only need not install them. */
const LOADERS: Readonly<Record<string, () => Promise<ExceptionClass>>> = {
  ws: async () => (await import('@nestjs/websockets')).WsException,
  rpc: async () => (await import('@nestjs/microservices')).RpcException,
};

/** The exception that is answered with `error`, where the way in has one of its own. Undefined: it has none, or none can be loaded. */
export async function nestException(type: string, error: object): Promise<Error | undefined> {
  const Exception = await LOADERS[type]?.().catch(() => undefined);
  return Exception && new Exception(error);
}
