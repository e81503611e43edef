import { ModuleMocker } from 'jest-mock';

// Stands for @jest/globals, which can be loaded in a context of Jest's only.
export const jest = new ModuleMocker(globalThis);
