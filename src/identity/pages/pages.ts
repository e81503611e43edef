import type { PageModels, PageName } from './page-models.js';

/**
 * Writes the pages. The default renders templates, which an operator can replace one by one; an application with pages of its own implements this and
 * names its class in `IdentityModule.forRoot({ renderer: … })`. What is shown comes from outside in part: escape it.
 */
export abstract class Pages {
  /** @param locale one of the languages there are texts for. Returns a whole document of HTML. */
  abstract render<Name extends PageName>(page: Name, model: PageModels[Name], locale: string): Promise<string>;
}
