/** What people call a device, from how its browser names itself (RFC 9110 §10.1.5). Undefined parts are not told. */
export interface Device {
  /** The browser; of an app that names itself, the app. */
  readonly browser?: string;
  readonly system?: string;
}

// In this order: browsers name those they descend from, too.
const BROWSERS: readonly [RegExp, string][] = [
  [/\bEdg(?:e|A|iOS)?\//, 'Edge'],
  [/\bOPR\/|\bOpera\b/, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\bVivaldi\//, 'Vivaldi'],
  [/\bYaBrowser\//, 'Yandex Browser'],
  [/\bDuckDuckGo\/|\bDdg\//, 'DuckDuckGo'],
  [/\bFirefox\/|\bFxiOS\//, 'Firefox'],
  [/\b(?:Headless)?Chrom(?:e|ium)\/|\bCriOS\//, 'Chrome'],
  [/\bVersion\/\S+.*\bSafari\//, 'Safari'],
];
const SYSTEMS: readonly [RegExp, string][] = [
  [/\bWindows Phone\b/, 'Windows Phone'],
  [/\bWindows\b/, 'Windows'],
  [/\biPhone\b|\biPod\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bAndroid\b/, 'Android'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bMac(?:intosh| OS X)\b/, 'macOS'],
  [/\bLinux\b|\bX11\b/, 'Linux'],
];
const LONGEST_READ = 512;
/** A program that does not call itself a browser: its first product token. */
const PRODUCT = /^([A-Za-z][\w.-]{0,39})(?:\/|\s|$)/;

export function deviceOf(userAgent: string): Device {
  const text = userAgent.slice(0, LONGEST_READ);
  const named = (table: readonly [RegExp, string][]): string | undefined => table.find(([pattern]) => pattern.test(text))?.[1];
  const product = PRODUCT.exec(text)?.[1];
  const browser = product === undefined || product === 'Mozilla' ? named(BROWSERS) : (named(BROWSERS) ?? product);
  const system = named(SYSTEMS);
  return { ...(browser !== undefined && { browser }), ...(system !== undefined && { system }) };
}
