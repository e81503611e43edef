import type { Type } from '@nestjs/common';
import { MetadataScanner, type ModulesContainer } from '@nestjs/core';
import type { CheckChoice } from '../check-choice.js';
import { CHECK, ENDS_WITH_TOKEN } from '../decorators/route-requirements.js';

/** Where `@Check()` stands. */
export interface MarkedPlace {
  /** `TodosController`, or `TodosController.list` */
  readonly name: string;
  readonly check: CheckChoice;
}

/** Of `@nestjs/websockets`. */
const GATEWAY = 'websockets:is_gateway';

type Module = ModulesContainer extends Map<string, infer Value> ? Value : never;
interface Provided {
  readonly metatype: unknown;
  readonly isNotMetatype: boolean;
  readonly instance: unknown;
}

/**
 * The classes whose routes a ValidationModule guards. Of several, which are kept to the modules that import them, each has those of the modules around
 * it.
 * @param own whether a module is the ValidationModule that asks
 */
export function classesAround(modules: ModulesContainer, own: (module: Module) => boolean): Type[] {
  const all = [...modules.values()];
  const self = all.find(own);
  const isOnly = !self || all.filter(({ metatype }) => metatype === self.metatype).length === 1;
  const around = isOnly ? all : all.filter(({ imports }) => imports.has(self));
  return [...new Set(around.flatMap(classesOf))];
}

export function checksMarkedOn(type: Type): MarkedPlace[] {
  const prototype = type.prototype as Readonly<Record<string, object>> | undefined;
  const handlers = new MetadataScanner()
    .getAllMethodNames(prototype ?? null)
    .map((name) => [`${type.name}.${name}`, prototype?.[name]] as const);
  return [[type.name, type] as const, ...handlers].flatMap(([name, place]) => {
    const check = place && (Reflect.getMetadata(CHECK, place) as CheckChoice | undefined);
    return check === undefined ? [] : [{ name, check }];
  });
}

/** `@EndsWithToken()` on a class that is no gateway would do nothing. */
export const isMisplaced = (type: Type): boolean => Reflect.hasOwnMetadata(ENDS_WITH_TOKEN, type) && !Reflect.hasMetadata(GATEWAY, type);

function classesOf({ controllers, providers }: Module): Type[] {
  return [...controllers.values(), ...providers.values()].flatMap((wrapper) => classOf(wrapper) ?? []);
}

/** Of a value, its class; of a factory nothing: what it makes is not there yet. */
function classOf({ metatype, isNotMetatype, instance }: Provided): Type | undefined {
  if (!isNotMetatype) return (metatype as Type | null) ?? undefined;
  return typeof instance === 'object' && instance !== null ? (instance.constructor as Type) : undefined;
}
