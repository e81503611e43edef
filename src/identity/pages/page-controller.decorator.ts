import { applyDecorators, Controller, UseFilters } from '@nestjs/common';
import { PageErrorFilter } from './page-error.filter.js';

/** A controller of pages: whatever it throws is answered as a page. Its routes are `PageRoute`s. */
export const PageController = (): ClassDecorator => applyDecorators(Controller(), UseFilters(PageErrorFilter));
