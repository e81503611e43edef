import type { ExecutionContext } from '@nestjs/common';

/** Handlers and classes carry the decorators' marks in metadata of their own. */
export const PUBLIC = Symbol('public');
export const SCOPES = Symbol('scopes');
export const ROLES = Symbol('roles');

/** What a route asks of its caller. */
export interface RouteRequirements {
  readonly isPublic: boolean;
  readonly scopes: readonly string[];
  readonly roles: readonly string[];
}

/** What the handler and its class ask together: each adds to the other; `@Public()` on either wins. */
export function requirementsOf(context: ExecutionContext): RouteRequirements {
  const places = [context.getHandler(), context.getClass()];
  const collect = (mark: symbol): string[] => [...new Set(places.flatMap((place) => (read(mark, place) as string[] | undefined) ?? []))];
  return { isPublic: places.some((place) => read(PUBLIC, place) === true), scopes: collect(SCOPES), roles: collect(ROLES) };
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
