import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Eta } from 'eta/core';
import { escapeHtml } from './words/html.js';

const OURS = fileURLToPath(new URL('templates', import.meta.url));
const EXTENSION = '.eta';

/** All templates, compiled: they are found by `@name`, and nothing is read from the disk any more. */
export interface PageTemplates {
  readonly eta: Eta;
  /** What is wrong with the operator's folder. Each completes "pages.templates …". */
  readonly faults: readonly string[];
}

/** @param folder of the operator: files of the same name replace ours; others, whose names begin with `_`, are parts for those */
export function compileTemplates(folder?: string): PageTemplates {
  const eta = new Eta({ autoEscape: true, escapeFunction: escapeHtml });
  const ours = templatesOf(OURS);
  for (const name of ours) compile(eta, OURS, name);
  return { eta, faults: folder === undefined ? [] : replaceBy(eta, folder, ours) };
}

function replaceBy(eta: Eta, folder: string, ours: readonly string[]): string[] {
  let theirs: string[];
  try {
    theirs = templatesOf(folder);
  } catch (error) {
    return [`cannot be read (${codeOf(error)}): it must name a folder with templates.`];
  }
  return theirs.flatMap((name) => {
    if (!ours.includes(name) && !name.startsWith('_'))
      return [`holds ${name}${EXTENSION}, which replaces nothing: there are ${ours.join(', ')}, and parts whose names begin with "_".`];
    try {
      compile(eta, folder, name);
      return [];
    } catch (error) {
      return [`holds ${name}${EXTENSION}, which ${error instanceof Error ? `does not compile: ${reasonOf(error)}` : 'cannot be read'}.`];
    }
  });
}

const templatesOf = (folder: string): string[] =>
  readdirSync(folder)
    .filter((file) => file.endsWith(EXTENSION))
    .map((file) => basename(file, EXTENSION))
    .sort();

const compile = (eta: Eta, folder: string, name: string): void =>
  eta.loadTemplate(`@${name}`, readFileSync(join(folder, name + EXTENSION), 'utf8'));

/** Of what the template engine says, the part before it quotes code. */
function reasonOf({ message }: Error): string {
  const lines = message.split('\n').filter((line) => line.trim() !== '');
  const [first = '', second] = lines;
  return (first === 'Bad template syntax' ? (second ?? first) : first.replace(/:$/, '')).slice(0, 200);
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? 'unknown error';
