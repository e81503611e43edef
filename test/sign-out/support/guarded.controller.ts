import { Controller, Get, UseGuards } from '@nestjs/common';
import { BearerGuard } from '../../../src/validation/bearer.guard.js';

@Controller('guarded')
@UseGuards(BearerGuard)
export class GuardedController {
  @Get()
  answer(): string {
    return 'open';
  }
}
