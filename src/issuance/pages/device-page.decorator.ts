import { applyDecorators, UseGuards } from '@nestjs/common';
import { PageController } from '../../identity/pages/page-controller.decorator.js';
import { DevicePageGuard } from './device-page.guard.js';

/** A controller of the pages on which people answer their devices. Its routes are `PageRoute`s. */
export const DevicePage = (): ClassDecorator => applyDecorators(PageController(), UseGuards(DevicePageGuard));
