import { fileURLToPath } from 'node:url';
import { Inject, Injectable } from '@nestjs/common';
import { Eta } from 'eta';
import { IDENTITY_OPTIONS, type IdentityOptions } from '../identity.options.js';
import { IssuerAddress } from '../issuer-address.js';
import type { PageModels, PageName } from './page-models.js';
import { Pages } from './pages.js';
import { textsFor } from './texts/texts.js';

const TEMPLATES = fileURLToPath(new URL('templates', import.meta.url));

/** Pages from templates. In a template `it.model` is the page's model, `it.t(key)` a text, `it.href(path)` an address of ours. */
@Injectable()
export class EtaPages extends Pages {
  private readonly eta = new Eta({ views: TEMPLATES, cache: true, autoEscape: true });

  constructor(
    private readonly address: IssuerAddress,
    @Inject(IDENTITY_OPTIONS) private readonly options: IdentityOptions,
  ) {
    super();
  }

  override render<Name extends PageName>(page: Name, model: PageModels[Name], locale: string): Promise<string> {
    const { name, texts } = this.options.pages;
    const data = { page, model, locale, name, t: textsFor(locale, texts), href: (path: string) => this.address.href(path) };
    return this.eta.renderAsync(`./${page}`, data);
  }
}
