import { Controller, Get } from '@nestjs/common';
import { Public } from 'countersign/validation';

@Controller('health')
export class HealthController {
  @Get()
  @Public()
  health(): { status: string } {
    return { status: 'ok' };
  }
}
