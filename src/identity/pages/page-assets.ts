import { readFileSync } from 'node:fs';
import { Inject, Injectable } from '@nestjs/common';
import { entityTag } from '../../protocol/entity-tag.js';
import { IDENTITY_OPTIONS, type IdentityOptions } from '../identity.options.js';
import { IssuerAddress } from '../issuer-address.js';
import { BLACK, parseColor } from './brand/color.js';
import { readLogo } from './brand/logo.js';
import { monogram } from './brand/monogram.js';
import { themeStylesheet } from './brand/theme.js';
import type { PageOptions } from './page.options.js';

/** A file that pages refer to. */
export interface PageAsset {
  readonly body: Buffer;
  readonly contentType: string;
  readonly etag: string;
  /** Its address, which changes with the content. From the root of the host. */
  readonly href: string;
}

export type PageAssetName = 'pages.css' | 'theme.css' | 'form-post.js' | 'logo';

export const ASSETS_PATH = '/assets';

/** Everything pages refer to, read at start. Nothing of theirs comes from elsewhere. */
@Injectable()
export class PageAssets {
  private readonly assets: ReadonlyMap<PageAssetName, PageAsset>;
  private readonly names: ReadonlyMap<string, PageAssetName>;

  constructor(address: IssuerAddress, @Inject(IDENTITY_OPTIONS) { pages }: IdentityOptions) {
    const sources = sourcesOf(pages);
    this.names = new Map(sources.map(({ name, stem, extension }) => [`${stem}.${extension}`, name]));
    this.assets = new Map(
      sources.map(({ name, stem, extension, contentType, content }) => {
        const body = Buffer.from(content);
        const etag = entityTag(body);
        return [name, { body, contentType, etag, href: address.href(`${ASSETS_PATH}/${stem}.${hashOf(etag)}.${extension}`) }] as const;
      }),
    );
  }

  href(name: PageAssetName): string {
    return this.assets.get(name)?.href ?? '';
  }

  /**
   * What a file's name stands for. `current`: it is of exactly this content, for ever. Another content of the same name comes from an instance of
   * another version beside us: its page shall not stand there undressed.
   */
  find(file: string): { readonly asset: PageAsset; readonly current: boolean } | undefined {
    const [, stem, extension] = /^([a-z-]+)\.[\w-]{16}\.([a-z]+)$/.exec(file) ?? [];
    const name = this.names.get(`${stem}.${extension}`);
    const asset = name && this.assets.get(name);
    return asset && { asset, current: asset.href.endsWith(`/${file}`) };
  }
}

interface Source {
  readonly name: PageAssetName;
  readonly stem: string;
  readonly extension: string;
  readonly contentType: string;
  readonly content: string | Buffer;
}

const CSS = { extension: 'css', contentType: 'text/css; charset=utf-8' };
const SCRIPT = { extension: 'js', contentType: 'text/javascript; charset=utf-8' };

function sourcesOf({ name, color: text, logo: path }: PageOptions): Source[] {
  const color = parseColor(text) ?? BLACK;
  return [
    { name: 'pages.css', stem: 'pages', ...CSS, content: ours('pages.css') },
    { name: 'theme.css', stem: 'theme', ...CSS, content: themeStylesheet(color) },
    { name: 'form-post.js', stem: 'form-post', ...SCRIPT, content: ours('form-post.js') },
    { name: 'logo', stem: 'logo', ...logoOf(path, monogram(name, color)) },
  ];
}

function logoOf(path: string | undefined, fallback: string): Pick<Source, 'content' | 'contentType' | 'extension'> {
  if (path === undefined) return { content: fallback, contentType: 'image/svg+xml', extension: 'svg' };
  const logo = readLogo(path);
  if ('fault' in logo) throw new Error(`pages.logo ${logo.fault}`); // it was another file when the options were checked
  return { content: logo.body, contentType: logo.contentType, extension: logo.extension };
}

const ours = (file: string): Buffer => readFileSync(new URL(`assets/${file}`, import.meta.url));

const hashOf = (etag: string): string => etag.slice(1, 17);
