import { ValidateIf } from 'class-validator';

/** A member that may be left out. `null` is not absent, as class-validator's own IsOptional has it: it is refused by what else the member must be. */
export const MayBeAbsent = (): PropertyDecorator => ValidateIf((_body, value) => value !== undefined);
