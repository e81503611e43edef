import { runCli } from '../../../src/service/cli/run-cli.js';

export interface Ran {
  readonly status: number;
  readonly out: string;
  readonly err: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the tests assert what is in it
  readonly json: any;
}

export interface Circumstances {
  readonly stdin?: string;
  readonly environment?: Record<string, string>;
  /** To what is asked at the terminal. */
  readonly answers?: readonly string[];
}

/** Runs command lines in this process. A blank between words is written ~. */
export class CommandLine {
  constructor(private readonly variables: () => Record<string, string>) {}

  async run(args: string, more: Circumstances = {}): Promise<Ran> {
    let out = '';
    let err = '';
    const answers = [...(more.answers ?? [])];
    const status = await runCli(
      args.split(' ').map((word) => word.replaceAll('~', ' ')),
      {
        environment: more.environment ?? this.variables(),
        out: (text) => (out += text),
        err: (text) => (err += text),
        read: () => Promise.resolve(more.stdin ?? ''),
        ask: () => Promise.resolve(answers.shift() ?? ''),
      },
    );
    return { status, out, err, json: args.startsWith('--json') && out !== '' ? JSON.parse(out) : undefined };
  }

  /** The same, which must succeed. */
  async done(args: string, more: Circumstances = {}): Promise<Ran> {
    const ran = await this.run(args, more);
    expect([ran.err, ran.status]).toEqual(['', 0]);
    return ran;
  }
}
