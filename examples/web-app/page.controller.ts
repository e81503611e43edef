import { readFile } from 'node:fs/promises';
import { Controller, Get, Header } from '@nestjs/common';
import { CurrentSession, type WebSession } from 'countersign/session';
import { startPage } from './start-page.js';

const SCRIPT = new URL('page.js', import.meta.url);

/** What everybody may open. Files cost no look at a session: only who asks for it pays. */
@Controller()
export class PageController {
  @Get()
  @Header('content-type', 'text/html; charset=utf-8')
  @Header('content-security-policy', "default-src 'self'; img-src data:; style-src 'unsafe-inline'")
  @Header('cache-control', 'no-store')
  start(@CurrentSession({ optional: true }) session?: WebSession): string {
    return startPage(session?.user);
  }

  @Get('page.js')
  @Header('content-type', 'text/javascript; charset=utf-8')
  script(): Promise<string> {
    return readFile(SCRIPT, 'utf8');
  }
}
