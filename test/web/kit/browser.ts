// A real Chromium, and its windows: laptops and phones, each with storage of its own.
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { findChromium } from './chromium.ts';

const IMAGES = fileURLToPath(new URL('../../../docs/images/', import.meta.url));

/** It asks nobody for anything: not for updates, not for suggestions. */
const QUIET = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // A tab that is not in front is as fast as one that is, unless a test says otherwise.
  '--disable-features=Translate,OptimizationHints,MediaRouter',
  // A GPU that the processor imitates, so that the GPU renderer is tried as well.
  '--use-angle=swiftshader',
  '--enable-unsafe-swiftshader',
];

const LAPTOP: BrowserContextOptions = { viewport: { width: 1200, height: 760 }, deviceScaleFactor: 1 };
const PHONE: BrowserContextOptions = {
  viewport: { width: 390, height: 800 },
  deviceScaleFactor: 2,
  isMobile: true,
  hasTouch: true,
  userAgent:
    'Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36',
};

export type WindowOptions = BrowserContextOptions & { kind?: 'laptop' | 'phone'; settings?: Record<string, unknown> };

export async function startBrowser(): Promise<RealBrowser> {
  const executablePath = await findChromium();
  if (!executablePath) throw new Error('There is no Chromium.');
  return new RealBrowser(await chromium.launch({ executablePath, args: QUIET }));
}

export class RealBrowser implements AsyncDisposable {
  private readonly browser: Browser;
  private asleep: number[] = [];
  private readonly contexts = new Set<BrowserContext>();

  constructor(browser: Browser) {
    this.browser = browser;
  }

  /** A new window, with no login. What goes wrong in its page is kept in `complaints`. */
  async open(address: string, options: WindowOptions = {}): Promise<OpenWindow> {
    const { kind = 'laptop', settings, ...rest } = options;
    const context = await this.browser.newContext({
      baseURL: address,
      colorScheme: 'dark',
      locale: 'en-GB',
      ...(kind === 'phone' ? PHONE : LAPTOP),
      ...rest,
    });
    this.contexts.add(context);
    await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: address });
    if (settings) {
      const text = JSON.stringify(settings);
      await context.addInitScript((kept) => {
        if (!localStorage.getItem('hermit.settings')) localStorage.setItem('hermit.settings', kept);
      }, text);
    }
    return new OpenWindow(context, await context.newPage());
  }

  /** As when the lid is closed: the pages stop where they are, and nobody tells them. */
  async sleep(): Promise<AsyncDisposable> {
    const devtools = await this.browser.newBrowserCDPSession();
    const { processInfo } = await devtools.send('SystemInfo.getProcessInfo');
    await devtools.detach();
    this.asleep = processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => id);
    for (const pid of this.asleep) process.kill(pid, 'SIGSTOP');
    return { [Symbol.asyncDispose]: () => this.wake() };
  }

  async wake(): Promise<void> {
    for (const pid of this.asleep) process.kill(pid, 'SIGCONT');
    this.asleep = [];
  }

  /** Closes every window; the browser stays. */
  async closeWindows(): Promise<void> {
    for (const context of this.contexts) await context.close();
    this.contexts.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.closeWindows();
    await this.browser.close();
  }
}

export class OpenWindow {
  readonly context: BrowserContext;
  readonly page: Page;
  /** Errors of scripts, and what the page's policy refused. */
  readonly complaints: string[] = [];
  /** Hosts that were asked for anything. */
  readonly hosts = new Set<string>();

  constructor(context: BrowserContext, page: Page) {
    this.context = context;
    this.page = page;
    page.setDefaultTimeout(15_000);
    page.on('pageerror', (error) => this.complaints.push(`${error.stack ?? error.message}`));
    page.on('console', (message) => {
      if (/Content.Security.Policy|Refused to/i.test(message.text())) this.complaints.push(message.text());
    });
    page.on('request', (request) => this.hosts.add(new URL(request.url()).host));
  }

  /** A picture for the documentation, when pictures are wanted: HERMIT_IMAGES=1. */
  async picture(name: string): Promise<void> {
    if (!process.env.HERMIT_IMAGES) return;
    const path = join(IMAGES, `${name}.png`);
    mkdirSync(dirname(path), { recursive: true });
    await this.page.screenshot({ path, animations: 'disabled' });
  }
}
