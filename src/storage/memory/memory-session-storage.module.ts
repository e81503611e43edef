import { Global, Module } from '@nestjs/common';
import { WebSessionStore } from '../web-session.store.js';
import { MemoryWebSessionStore } from './memory-web-session.store.js';

/** In place of `PostgresStorageModule` in tests of an app with sessions. */
@Global()
@Module({ providers: [{ provide: WebSessionStore, useClass: MemoryWebSessionStore }], exports: [WebSessionStore] })
export class MemorySessionStorageModule {}
