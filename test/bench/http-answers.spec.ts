import { parseAnswer } from '../../bench/load/http-connection.js';

const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n';

describe("the load generator's reading of answers (RFC 9112)", () => {
  it('waits for the whole of a body of known length', () => {
    const answer = `${HEAD}Content-Length: 11\r\n\r\n{"ok":true}`;
    for (let end = 0; end < answer.length; end++) expect(parseAnswer(answer.slice(0, end))).toBeUndefined();
    expect(parseAnswer(answer)).toEqual({ status: 200, body: '{"ok":true}' });
  });

  it('joins chunks', () => {
    const answer = `${HEAD}Transfer-Encoding: chunked\r\n\r\n5\r\n{"ok"\r\n6\r\n:true}\r\n0\r\n\r\n`;
    expect(parseAnswer(answer.slice(0, -5))).toBeUndefined();
    expect(parseAnswer(answer)).toEqual({ status: 200, body: '{"ok":true}' });
  });

  it('takes an answer without a body', () => {
    expect(parseAnswer('HTTP/1.1 204 No Content\r\ndate: now\r\n\r\n')).toEqual({ status: 204, body: '' });
  });

  it('reads the status of a refusal', () => {
    expect(parseAnswer('HTTP/1.1 401 Unauthorized\r\ncontent-length: 2\r\n\r\n{}')).toEqual({ status: 401, body: '{}' });
  });
});
