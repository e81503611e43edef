import { Param, Req, Res } from '@nestjs/common';
import { isKnown } from '../../protocol/entity-tag.js';
import type { BrowserReply, BrowserRequest } from '../browser/browser-request.js';
import { ASSETS_PATH, PageAssets } from './page-assets.js';
import { PageController } from './page-controller.decorator.js';
import { PageReplies } from './page-replies.js';
import { PageRoute } from './page-route.decorator.js';

const HEADERS = {
  'x-content-type-options': 'nosniff',
  'cross-origin-resource-policy': 'same-origin',
  // An SVG that somebody opens by itself is a document: without scripts, forms, frames or an origin.
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
};

/** `/assets/…`: style sheets, the one script, the logo. */
@PageController()
export class AssetsController {
  constructor(
    private readonly assets: PageAssets,
    private readonly replies: PageReplies,
  ) {}

  @PageRoute('GET', `${ASSETS_PATH}/:file`)
  async send(@Param('file') file: string, @Req() request: BrowserRequest, @Res() reply: BrowserReply): Promise<void> {
    const found = this.assets.find(file);
    if (!found) return this.replies.send(request, reply, 'message', { code: 'not-found' }, { status: 404 });
    const { asset, current } = found;
    const cacheControl = current ? 'public, max-age=31536000, immutable' : 'no-cache';
    reply.headers({ ...HEADERS, 'content-type': asset.contentType, 'cache-control': cacheControl, etag: asset.etag });
    if (isKnown(asset.etag, request.headers['if-none-match'])) reply.status(304).send();
    else reply.status(200).send(asset.body);
  }
}
