import { BadGatewayException, Body, Controller, Delete, Get, HttpCode, HttpException, Param, Post } from '@nestjs/common';
import { Authenticated, CurrentSession, type WebSession } from 'countersign/session';

/** What the page's script calls. The Todo API behind it is called in the person's name; the token stays here. */
@Controller('api/todos')
@Authenticated()
export class TodosController {
  @Get()
  async list(@CurrentSession() session: WebSession): Promise<unknown> {
    return contentOf(await session.api('todos').fetch('todos'));
  }

  @Post()
  async add(@CurrentSession() session: WebSession, @Body() todo: unknown): Promise<unknown> {
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(todo) };
    return contentOf(await session.api('todos').fetch('todos', init));
  }

  @Delete(':id')
  @HttpCode(204)
  async remove(@CurrentSession() session: WebSession, @Param('id') id: string): Promise<void> {
    await contentOf(await session.api('todos').fetch(`todos/${encodeURIComponent(id)}`, { method: 'DELETE' }));
  }
}

/** @throws HttpException: what the API said. Its 401 is not this app's 401, which means that nobody is signed in. */
async function contentOf(answer: Response): Promise<unknown> {
  if (answer.status === 401) throw new BadGatewayException('The Todo API does not take the token.');
  const content = answer.status === 204 ? undefined : ((await answer.json()) as object);
  if (!answer.ok) throw new HttpException(content ?? {}, answer.status);
  return content;
}
