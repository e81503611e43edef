import { Inject, Injectable } from '@nestjs/common';
import type { Eta } from 'eta/core';
import { Clock } from '../../protocol/clock.js';
import { IDENTITY_OPTIONS, type IdentityOptions } from '../identity.options.js';
import { IssuerAddress } from '../issuer-address.js';
import { localeOf, type Locale } from './locale.js';
import { PageAssets, type PageAssetName } from './page-assets.js';
import type { PageModels, PageName } from './page-models.js';
import { compileTemplates } from './page-templates.js';
import { Pages } from './pages.js';
import { wordsFor, type PageWords } from './words/page-words.js';

/** What a template has, as `it`. docs/pages.md tells operators. */
export interface TemplateData<Name extends PageName> extends PageWords {
  readonly page: Name;
  readonly model: PageModels[Name];
  readonly locale: Locale;
  /** What the service is called. */
  readonly name: string;
  /** Whether the operator gave a logo, which then stands for the name. */
  readonly hasLogo: boolean;
  /** An address of ours. */
  href(path: string): string;
  asset(name: PageAssetName): string;
}

/** Pages from templates. */
@Injectable()
export class EtaPages extends Pages {
  private readonly eta: Eta;

  constructor(
    private readonly address: IssuerAddress,
    private readonly assets: PageAssets,
    private readonly clock: Clock,
    @Inject(IDENTITY_OPTIONS) private readonly options: IdentityOptions,
  ) {
    super();
    this.eta = compileTemplates(options.pages.templates).eta;
  }

  override async render<Name extends PageName>(page: Name, model: PageModels[Name], language: string): Promise<string> {
    const locale = localeOf([language], undefined);
    const { name, logo, texts } = this.options.pages;
    const data: TemplateData<Name> = {
      page,
      model,
      locale,
      name,
      hasLogo: logo !== undefined,
      href: (path) => this.address.href(path),
      asset: (asset) => this.assets.href(asset),
      ...wordsFor(locale, texts, this.clock.now()),
    };
    return this.eta.render(`@${page}`, data);
  }
}
