/** What an answer must be: each throws when it is not. */
type Accept = (status: number, body: string) => Record<string, unknown>;

export class WrongAnswerError extends Error {}

export type TokenFormat = 'JWT' | 'reference';

/** A header, claims and an ES256 signature of 64 bytes; or a string of 128 bits or more without dots. */
const SHAPES: Record<TokenFormat, RegExp> = {
  JWT: /^[\w-]{20,}\.[\w-]{100,}\.[\w-]{86}$/,
  reference: /^[\w~+/=-]{22,}$/,
};

const accepting =
  (holds: (json: Record<string, unknown>) => boolean): Accept =>
  (status, body) => {
    let json: Record<string, unknown> | undefined;
    try {
      json = JSON.parse(body === '' ? '{}' : body) as Record<string, unknown>;
    } catch {
      // what is no JSON is wrong, too
    }
    if (status !== 200 || !json || !holds(json)) throw new WrongAnswerError(`${status} ${body.slice(0, 200)}`);
    return json;
  };

export const token = (format: TokenFormat): Accept =>
  accepting((json) => typeof json['access_token'] === 'string' && SHAPES[format].test(json['access_token']));

/** With a refresh token that is not the presented one. */
export const newPair = (format: TokenFormat, presented: string): Accept =>
  accepting(
    ({ access_token: access, refresh_token: refresh }) =>
      typeof access === 'string' && SHAPES[format].test(access) && typeof refresh === 'string' && refresh !== '' && refresh !== presented,
  );

export const active: Accept = accepting((json) => json['active'] === true);

export const done: Accept = accepting(() => true);

export const ok: Accept = accepting((json) => json['ok'] === true);

export const signedIn: Accept = accepting(
  (json) => typeof json['accessToken'] === 'string' && SHAPES.JWT.test(json['accessToken']) && typeof json['refreshToken'] === 'string',
);
