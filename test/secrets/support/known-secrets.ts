/** What a secret may look like where somebody let it slip: each spelling is searched for as a text. */
export class KnownSecrets {
  private readonly spellings = new Map<string, string>();

  get names(): string[] {
    return [...new Set(this.spellings.values())];
  }

  /** A text, or the bytes behind one. Too short ones would be found by chance. */
  remember(name: string, secret: string | Buffer): void {
    const bytes = Buffer.from(secret);
    if (bytes.length < 8) throw new Error(`${name} is too short to be searched for`);
    if (typeof secret === 'string') {
      this.add(name, secret);
      this.add(name, encodeURIComponent(secret));
      this.add(name, JSON.stringify(secret).slice(1, -1));
      this.parts(name, secret);
    }
    for (const spelling of spellingsOf(bytes)) this.add(name, spelling);
  }

  /** Names of the secrets that are in the text. */
  foundIn(text: string): string[] {
    const found = new Set<string>();
    for (const [spelling, name] of this.spellings) if (!found.has(name) && text.includes(spelling)) found.add(name);
    return [...found];
  }

  /** What of a token is secret: of a reference the 256 bits, of a JWT the signature, of a JWE the text and the tag. */
  private parts(name: string, token: string): void {
    if (/^cs_[a-z]{2}_/.test(token)) {
      const body = token.slice(6);
      this.add(`${name} (body)`, body);
      const identifier = Buffer.from(body, 'base64url').subarray(-32);
      for (const spelling of spellingsOf(identifier)) this.add(`${name} (identifier)`, spelling);
    } else if (/^eyJ/.test(token)) {
      const sealed = token
        .split('.')
        .slice(2)
        .filter((part) => part.length > 20);
      for (const part of sealed) {
        this.add(`${name} (part)`, part);
        for (const spelling of spellingsOf(Buffer.from(part, 'base64url'))) this.add(`${name} (part)`, spelling);
      }
    }
  }

  private add(name: string, spelling: string): void {
    this.spellings.set(spelling, name);
  }
}

function spellingsOf(bytes: Buffer): string[] {
  const hex = bytes.toString('hex');
  return [
    hex,
    hex.toUpperCase(),
    hex.replace(/..(?!$)/g, '$& '), // as Node shows a Buffer
    [...bytes.subarray(0, 24)].join(','), // as JSON.stringify does; without its beginning and end
    bytes.toString('latin1'),
    ...base64Of(bytes),
    ...base64Of(bytes).map((text) => text.replaceAll('+', '-').replaceAll('/', '_')),
  ];
}

/** Base64 of the bytes wherever they begin in what was encoded; characters that depend on the neighbours are left out. */
function base64Of(bytes: Buffer): string[] {
  return [0, 1, 2].map((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .replaceAll('=', '');
    const start = shift === 0 ? 0 : shift + 1;
    const end = (shift + bytes.length) % 3 === 0 ? text.length : text.length - 1;
    return text.slice(start, end);
  });
}
