import { readFileSync, statSync } from 'node:fs';
import { InvalidArgumentError } from 'commander';

/** For options that name a file: the JSON object in it. What is in the file is never printed: it may hold what it should not. */
export const jsonFile =
  (largest: number) =>
  (path: string): object => {
    const value = parse(read(path, largest));
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new InvalidArgumentError('It holds no JSON object.');
    return value;
  };

function read(path: string, largest: number): string {
  try {
    if (statSync(path).size <= largest) return readFileSync(path, 'utf8');
  } catch (error) {
    throw new InvalidArgumentError(`It cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'}).`);
  }
  throw new InvalidArgumentError(`It is larger than ${largest / 1024} KiB.`);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
