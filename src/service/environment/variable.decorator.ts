import 'reflect-metadata';
import type { VariableKind } from './variable-kinds.js';

/** What the documentation says of a variable, and how its text is read. */
export interface VariableOptions {
  readonly kind: VariableKind;
  /** Text in force where the variable is not set. */
  readonly default?: string;
  /** What the documentation says where the default depends on something else. */
  readonly defaultMeaning?: string;
  /** One or two sentences for whoever runs the service. Shapes, units, spec section. */
  readonly meaning: string;
}

export interface DocumentedVariable extends VariableOptions {
  /** Of the variable, and of the property. */
  readonly name: string;
}

const VARIABLES = Symbol('Variables');

/** A property that an environment variable of the same name fills. Its kind brings the check of class-validator along. */
export const Variable =
  (options: VariableOptions): PropertyDecorator =>
  (prototype, property) => {
    const name = String(property);
    const known = (Reflect.getMetadata(VARIABLES, prototype) as DocumentedVariable[] | undefined) ?? [];
    Reflect.defineMetadata(VARIABLES, [...known, { name, ...options }], prototype);
    options.kind.check(`${name} must be ${options.kind.must}.`)(prototype, property);
  };

/** All variables of a class, in the order of its properties. */
export const variablesOf = (type: { readonly prototype: object }): readonly DocumentedVariable[] =>
  (Reflect.getMetadata(VARIABLES, type.prototype) as DocumentedVariable[] | undefined) ?? [];
