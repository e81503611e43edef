import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const repository = fileURLToPath(new URL('../../..', import.meta.url));

export interface Instruction {
  readonly name: string;
  readonly text: string;
}

export interface Stage {
  readonly image: string;
  readonly name: string | undefined;
  readonly instructions: readonly Instruction[];
}

/** The stages of the repository's Dockerfile. */
export function readDockerfile(): readonly Stage[] {
  const lines = readFileSync(`${repository}/Dockerfile`, 'utf8')
    .replaceAll('\\\n', ' ')
    .split('\n')
    .filter((line) => /^[A-Z]+ /.test(line));
  const stages: { image: string; name: string | undefined; instructions: Instruction[] }[] = [];
  for (const line of lines) {
    const [name = '', ...words] = line.split(/ +/);
    const text = words.join(' ');
    const [, image, stage] = name === 'FROM' ? (/^(\S+)(?: AS (\S+))?$/.exec(text) ?? []) : [];
    if (image !== undefined) stages.push({ image, name: stage, instructions: [] });
    else stages.at(-1)?.instructions.push({ name, text });
  }
  return stages;
}

/** What a stage copies from the build context. */
export const contextSources = (stage: Stage): string[] =>
  stage.instructions.flatMap(({ name, text }) => (name === 'COPY' && !text.startsWith('--from=') ? text.split(' ').slice(0, -1) : []));

export const textOf = (stage: Stage, name: string): string | undefined =>
  stage.instructions.findLast((instruction) => instruction.name === name)?.text;
