import { randomUUID } from 'node:crypto';
import { ConflictException, Injectable } from '@nestjs/common';

export interface Todo {
  readonly id: string;
  readonly title: string;
}

const MOST = 100;

/** Everybody's own list, in the memory of this process: the example shows the guard, not a database. */
@Injectable()
export class Todos {
  private readonly lists = new Map<string, Todo[]>();

  of(owner: string): readonly Todo[] {
    return this.lists.get(owner) ?? [];
  }

  /** @throws ConflictException when the list is full */
  add(owner: string, title: string): Todo {
    const list = this.lists.get(owner) ?? [];
    if (list.length >= MOST) throw new ConflictException(`A list holds ${MOST} todos at most.`);
    const todo = { id: randomUUID(), title };
    this.lists.set(owner, [...list, todo]);
    return todo;
  }

  /** False: the owner has no such todo. */
  remove(owner: string, id: string): boolean {
    const list = this.of(owner);
    const rest = list.filter((todo) => todo.id !== id);
    if (rest.length > 0) this.lists.set(owner, rest);
    else this.lists.delete(owner);
    return rest.length < list.length;
  }

  count(): { owners: number; todos: number } {
    const lists = [...this.lists.values()];
    return { owners: lists.length, todos: lists.reduce((sum, list) => sum + list.length, 0) };
  }
}
