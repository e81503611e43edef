import { Logger } from '@nestjs/common';
import { QueryFailedError } from 'typeorm';
import { errorFields } from '../../src/service/logging/error-fields.js';
import { createLog, type LogLevel } from '../../src/service/logging/log.js';
import { NestLogger } from '../../src/service/logging/nest-logger.js';
import { requestContext } from '../../src/service/logging/request-context.js';

const token = `cs_rt_${'Ab3-_'.repeat(16)}`;
const jwt = `eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.${'c2ln'.repeat(8)}`;

/** Nest's own logger in front, as all code uses it. */
function logged(write: (logger: Logger) => void, level: LogLevel = 'info', context = 'Test'): Record<string, unknown>[] {
  const lines: string[] = [];
  Logger.overrideLogger(new NestLogger(createLog(level, { write: (line) => void lines.push(line) })));
  write(new Logger(context));
  Logger.overrideLogger(false);
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('the log', () => {
  it('is one JSON object a line, with level, time and context', () => {
    const [line] = logged((logger) => logger.log('hello'));
    expect(line).toEqual({ level: 'info', time: expect.stringMatching(/^\d{4}-.*Z$/), context: 'Test', msg: 'hello' });
  });

  it.each([
    ['error', 'error'],
    ['warn', 'warn'],
    ['log', 'info'],
    ['debug', 'debug'],
    ['verbose', 'trace'],
    ['fatal', 'fatal'],
  ] as const)('writes %s as %s', (method, level) => {
    expect(logged((logger) => logger[method]('x'), 'trace')).toEqual([expect.objectContaining({ level, msg: 'x', context: 'Test' })]);
  });

  it('leaves out what is below its level', () => {
    expect(logged((logger) => (logger.log('x'), logger.warn('y')), 'warn')).toHaveLength(1);
  });

  it('takes the fields of an object, and its errors apart', () => {
    const [line] = logged((logger) => logger.error({ msg: 'failed', count: 2, err: new TypeError('broken') }));
    expect(line).toMatchObject({
      msg: 'failed',
      count: 2,
      context: 'Test',
      err: { type: 'TypeError', message: 'broken', stack: expect.any(String) },
    });
  });

  it('takes an error as such, and a stack as a field', () => {
    expect(logged((logger) => logger.error(new Error('x')))[0]).toMatchObject({ msg: 'x', err: { type: 'Error' }, context: 'Test' });
    expect(logged((logger) => logger.error({ event: 'e' }, 'Error: y\n    at z'))[0]).toMatchObject({
      event: 'e',
      stack: 'Error: y\n    at z',
      context: 'Test',
    });
  });

  it('makes one line of a text with line breaks', () => {
    expect(logged((logger) => logger.log('a\n{"level":"fatal"}'))).toHaveLength(1);
  });

  it('moves what Nest tells of its start to debug', () => {
    expect(logged((logger) => logger.log('Mapped {/x, GET} route'), 'info', 'RouterExplorer')).toEqual([]);
    expect(logged((logger) => logger.error('x'), 'info', 'RouterExplorer')).toHaveLength(1);
  });

  it('carries the id of the request', () => {
    expect(requestContext.run({ requestId: 'r1' }, () => logged((logger) => logger.log('x')))[0]).toMatchObject({ requestId: 'r1' });
  });

  it.each([
    ['a text', (logger: Logger) => logger.log(`see ${token} and ${jwt}`)],
    ['an error', (logger: Logger) => logger.error(new Error(`see ${token} and ${jwt}`))],
    ['a cause', (logger: Logger) => logger.error({ msg: 'x', err: new Error('x', { cause: new Error(`see ${token} and ${jwt}`) }) })],
    ['a field', (logger: Logger) => logger.warn({ msg: 'x', note: `see ${token} and ${jwt}` })],
    ['a stack', (logger: Logger) => logger.error('x', `Error: ${token} and ${jwt}\n    at y`)],
  ])('cuts tokens out of %s', (_name, write) => {
    const text = JSON.stringify(logged(write));
    expect(text).toContain('[secret]');
    expect(text).not.toContain(token.slice(10, 40));
    expect(text).not.toContain(jwt.slice(25));
  });
});

describe('database errors in the log', () => {
  const driverError = Object.assign(new Error('duplicate key value violates unique constraint "users_email_key"'), {
    code: '23505',
    detail: 'Key (email)=(ada@example.test) already exists.',
    where: 'row ada@example.test',
  });

  it('have name, message, stack and SQLSTATE, neither row nor parameters nor statement', () => {
    const fields = errorFields(new QueryFailedError('insert into users values ($1)', ['ada@example.test'], driverError));
    expect(fields).toMatchObject({ type: 'QueryFailedError', code: '23505', message: expect.stringContaining('users_email_key') });
    expect(Object.keys(fields).sort()).toEqual(['code', 'message', 'stack', 'type']);
    expect(JSON.stringify(fields)).not.toContain('ada@');
  });

  it('do not quote the value that did not fit', () => {
    const error = Object.assign(new Error('invalid input syntax for type uuid: "hunter2"'), { code: '22P02' });
    const fields = errorFields(new Error('outer', { cause: error }));
    expect(fields.cause).toMatchObject({ code: '22P02', message: 'a value of the wrong form', stack: expect.stringMatching(/^\s+at /) });
    expect(JSON.stringify(fields)).not.toContain('hunter2');
  });

  it('end at a cause that goes round', () => {
    const error = new Error('x');
    error.cause = error;
    expect(JSON.stringify(errorFields(error)).match(/"message"/g)).toHaveLength(6);
  });

  it.each([
    ['text', { type: 'string', message: 'text' }],
    [undefined, { type: 'undefined', message: 'not an error object' }],
    [{ secret: 1 }, { type: 'object', message: 'not an error object' }],
  ])('need not be errors: %j', (thrown, fields) => expect(errorFields(thrown)).toEqual(fields));
});
