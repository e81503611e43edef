import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { BrowserGoneError, carrierOf } from './carrier.js';

describe('carrierOf', () => {
  it('knows of a browser that had gone before: nobody keeps its request for ever', async () => {
    const server = createServer().listen(0);
    const browser = connect((server.address() as AddressInfo).port);
    browser.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    const [request, response] = (await once(server, 'request')) as [IncomingMessage, ServerResponse];
    browser.destroy();
    await once(response, 'close');
    const carrier = carrierOf({ request, response });
    let told = false;
    carrier.onClose(() => (told = true));
    expect([told, carrier.gone.reason]).toEqual([true, expect.any(BrowserGoneError)]);
    server.close();
  });
});
