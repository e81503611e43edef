import type { ExecutionContext } from '@nestjs/common';
import type { CheckChoice } from '../check-choice.js';

/** Handlers and classes carry the decorators' marks in metadata of their own. */
export const PUBLIC = Symbol('public');
export const SCOPES = Symbol('scopes');
export const ROLES = Symbol('roles');
export const AUTHENTICATION = Symbol('authentication');
export const CHECK = Symbol('check');
export const ENDS_WITH_TOKEN = Symbol('ends with token');

/** RFC 9470 §3; no `acr`: any. */
export interface RequiredAuthentication {
  readonly maxAge?: number;
  readonly acr: readonly string[];
}

/** What a route asks of its caller. */
export interface RouteRequirements {
  readonly isPublic: boolean;
  /** Of the handler, else of its class, else the module's. */
  readonly check?: CheckChoice;
  readonly scopes: readonly string[];
  readonly roles: readonly string[];
  /** Of the handler, else of its class. */
  readonly authentication?: RequiredAuthentication;
}

/** By class and handler, since a handler may be inherited: they are what decorators have made them at the first request. */
const known = new WeakMap<object, WeakMap<object, RouteRequirements>>();

/** What the handler and its class ask together: each adds to the other; `@Public()` on either wins. */
export function requirementsOf(context: ExecutionContext): RouteRequirements {
  const [handler, type] = [context.getHandler(), context.getClass()];
  let ofClass = known.get(type);
  if (!ofClass) known.set(type, (ofClass = new WeakMap()));
  let requirements = ofClass.get(handler);
  if (!requirements) ofClass.set(handler, (requirements = collect([handler, type])));
  return requirements;
}

function collect(places: readonly object[]): RouteRequirements {
  const all = (mark: symbol): string[] => [...new Set(places.flatMap((place) => (read(mark, place) as string[] | undefined) ?? []))];
  const [authentication] = places.flatMap((place) => (read(AUTHENTICATION, place) as RequiredAuthentication | undefined) ?? []);
  const [check] = places.flatMap((place) => (read(CHECK, place) as CheckChoice | undefined) ?? []);
  return {
    isPublic: places.some((place) => read(PUBLIC, place) === true),
    ...(check !== undefined && { check }),
    scopes: all(SCOPES),
    roles: all(ROLES),
    ...(authentication && { authentication }),
  };
}

/** A decorator for classes and methods that adds to what the place (or the class it extends) asks already, where SetMetadata would replace it. */
export function adding(mark: symbol, names: readonly string[]): ClassDecorator & MethodDecorator {
  return (target: object, _key?: string | symbol, descriptor?: PropertyDescriptor) => {
    const place = (descriptor ? (descriptor.value as unknown) : target) as object;
    const before = (Reflect.getMetadata(mark, place) as string[] | undefined) ?? [];
    Reflect.defineMetadata(mark, [...before, ...names], place);
  };
}

const read = (mark: symbol, place: object): unknown => Reflect.getMetadata(mark, place);
