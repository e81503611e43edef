import { Inject, Injectable } from '@nestjs/common';
import { parseCookie, stringifySetCookie } from 'cookie';
import { SESSION_OPTIONS, type ResolvedSessionOptions } from '../session.options.js';
import { cutIntoPieces, joinPieces, piecesPresent } from './cookie-pieces.js';

/** What a request's Cookie header says of a cookie that may come in pieces. */
export interface ReceivedCookie {
  /** Undefined: there is none, or its pieces do not fit. */
  readonly value: string | undefined;
  /** Names of the pieces that came. */
  readonly pieces: readonly string[];
}

/** Reads and writes the module's cookies, with the attributes that all of them have. */
@Injectable()
export class SetCookies {
  constructor(@Inject(SESSION_OPTIONS) private readonly options: ResolvedSessionOptions) {}

  receive(name: string, header: string | undefined): ReceivedCookie {
    const cookies = parseCookie(header ?? '');
    const pieces = piecesPresent(name, cookies);
    // Who planted a second cookie of the name would choose which one counts.
    const repeated = pieces.some((piece) => (header ?? '').split(';').filter((pair) => pair.trim().startsWith(`${piece}=`)).length > 1);
    return { value: repeated ? undefined : joinPieces(name, cookies), pieces };
  }

  /** Set-Cookie lines of a value, and of the pieces that it no longer has. Undefined: it does not fit. @param seconds of its life */
  set(name: string, value: string, seconds: number, stale: readonly string[]): readonly string[] | undefined {
    const line = (piece: string, text: string, maxAge: number): string =>
      stringifySetCookie(piece, text, { ...this.attributes(name), maxAge });
    const pieces = cutIntoPieces(name, value, line(name, '', seconds).length - `${name}=`.length);
    if (!pieces) return undefined;
    const left = stale.filter((piece) => !pieces.some((written) => written.name === piece));
    return [...pieces.map((piece) => line(piece.name, piece.value, seconds)), ...left.map((piece) => line(piece, '', 0))];
  }

  clear(name: string, pieces: readonly string[]): readonly string[] {
    return pieces.map((piece) => stringifySetCookie(piece, '', { ...this.attributes(name), maxAge: 0 }));
  }

  private attributes(name: string): object {
    const { cookie, secure } = this.options;
    // What belongs to a way through the provider must come back with the redirect from there (RFC 6265bis §5.6.7).
    return { path: '/', httpOnly: true, secure, sameSite: name === cookie.name ? cookie.sameSite : 'lax' };
  }
}
