import { BadRequestException, Body, Controller, Delete, Get, HttpCode, NotFoundException, Param, Post } from '@nestjs/common';
import { CurrentPrincipal, Principal, RequireRoles, RequireScopes } from 'countersign/validation';
import { Todos, type Todo } from './todos.js';

const LONGEST_TITLE = 200;

/** The caller's own todos: a person's, or those of a machine that calls in its own name. */
@Controller('todos')
export class TodosController {
  constructor(private readonly todos: Todos) {}

  @Get()
  @RequireScopes('todos:read')
  list(@CurrentPrincipal() principal: Principal): readonly Todo[] {
    return this.todos.of(ownerOf(principal));
  }

  @Post()
  @RequireScopes('todos:write')
  add(@CurrentPrincipal() principal: Principal, @Body() body: unknown): Todo {
    return this.todos.add(ownerOf(principal), titleOf(body));
  }

  @Delete(':id')
  @HttpCode(204)
  @RequireScopes('todos:write')
  remove(@CurrentPrincipal() principal: Principal, @Param('id') id: string): void {
    if (!this.todos.remove(ownerOf(principal), id)) throw new NotFoundException();
  }

  /** How many there are of everybody: for people with the role only, whatever their scopes. */
  @Get('count')
  @RequireRoles('admin')
  count(): { owners: number; todos: number } {
    return this.todos.count();
  }
}

/** Subjects of people and ids of clients cannot be mixed up: the one are UUIDs, the other are prefixed here. */
const ownerOf = ({ subject, client }: Principal): string => subject ?? `client:${client}`;

function titleOf(body: unknown): string {
  const title = typeof body === 'object' && body !== null && 'title' in body ? body.title : undefined;
  if (typeof title !== 'string' || title.trim() === '' || title.length > LONGEST_TITLE) {
    throw new BadRequestException(`title must be a text of 1 to ${LONGEST_TITLE} characters.`);
  }
  return title.trim();
}
