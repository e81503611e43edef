import { Injectable } from '@nestjs/common';

/** Paths of pages whose feature is off: for no method is there anything. Whoever owns the feature names them before requests come. */
@Injectable()
export class SwitchedOffPages {
  private readonly paths = new Set<string>();

  add(paths: readonly string[]): void {
    for (const path of paths) this.paths.add(path);
  }

  has(path: string): boolean {
    return this.paths.has(path);
  }
}
