import { onlyOne, parseAuthorization, type BearerToken } from '../bearer-token.js';
import type { CallKind } from './call-kind.js';

/** Something of a transport, of which nothing is known but what it turns out to have. */
type Unknown = Readonly<Record<string, unknown>> | undefined;

/** What the transports of `@nestjs/microservices` have for headers, recognised by its form. */
const HEADERS: readonly ((context: Unknown) => unknown)[] = [
  (context) => (isGrpcMetadata(context) ? context : undefined),
  (context) => ask(context, 'getHeaders'), // NATS
  (context) => ask(context, 'getMetadata'), // TCP, Redis: `ClientProxy.setOnDispatchHook`
  (context) => ask(context, 'getMessage')?.['headers'], // Kafka
  (context) => at(at(ask(context, 'getMessage'), 'properties'), 'headers'), // RabbitMQ
  (context) => at(at(ask(context, 'getPacket'), 'properties'), 'userProperties'), // MQTT 5
];
const NAMES = ['authorization', 'Authorization'];

/** `authorization`, as it is written in the header: of the message's headers, or else a field of its payload. */
export const MESSAGE_CALL: CallKind = {
  carrier: (context) => {
    const rpc = context.switchToRpc();
    const carrier = [rpc.getContext<unknown>(), rpc.getData<unknown>()].find((value) => typeof value === 'object' && value !== null);
    if (!carrier)
      throw new Error(`${context.getClass().name}: its transport gives messages neither a context nor a payload that is an object.`);
    return carrier;
  },
  token: (context) => {
    const rpc = context.switchToRpc();
    const places = [...HEADERS.map((headersOf) => headersOf(rpc.getContext<Unknown>())), rpc.getData<unknown>()];
    return onlyOne(places.map(authorizationIn));
  },
};

/** A gRPC call: `Metadata` is what Nest takes for its context. */
export const isGrpcMetadata = (context: unknown): boolean =>
  ['get', 'getMap'].every((name) => typeof (context as Unknown)?.[name] === 'function');

function authorizationIn(headers: unknown): BearerToken {
  if (typeof headers !== 'object' || headers === null) return { kind: 'none' };
  const get = (headers as { get?: unknown }).get;
  const valueOf = (name: string): unknown =>
    typeof get === 'function' ? get.call(headers, name) : (headers as NonNullable<Unknown>)[name];
  // The same under both names is one.
  const values = new Set(NAMES.map(valueOf).flat().flatMap(textOf));
  return onlyOne([...values].map(parseAuthorization));
}

const textOf = (value: unknown): string[] => {
  if (Buffer.isBuffer(value)) return [value.toString()];
  return typeof value === 'string' ? [value] : [];
};

const at = (value: unknown, name: string): Unknown => (value as Unknown)?.[name] as Unknown;

function ask(context: Unknown, method: string): Unknown {
  const own = context?.[method];
  return typeof own === 'function' ? (own.call(context) as Unknown) : undefined;
}
