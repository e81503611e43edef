import { existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';

/** Without the window that nobody looks at it takes half of the time. */
const DEBIANS = ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium'];
const EXECUTABLE = process.env['CHROMIUM'] ?? DEBIANS.find(existsSync) ?? '/usr/bin/chromium-headless-shell';

/** Debian's, without anything that would talk to others by itself. */
export async function launchChromium(): Promise<Browser> {
  if (!existsSync(EXECUTABLE)) {
    throw new Error(`There is no Chromium at ${EXECUTABLE}: apt-get install chromium-headless-shell, or set CHROMIUM to where one is.`);
  }
  return chromium.launch({
    executablePath: EXECUTABLE,
    args: [
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), // Chromium refuses to run as root with one
      ...['--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
    ],
  });
}
