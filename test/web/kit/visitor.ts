// A person at the web terminal: does with mouse, fingers and keyboard what people do, and reads what is on the screen.
import type { Locator, Page } from 'playwright-core';
import { until } from '../../integration/kit/wait.ts';
import type { OpenWindow } from './browser.ts';

export const PASSWORD = 'correct horse battery staple';

export class Visitor {
  readonly window: OpenWindow;
  readonly page: Page;

  constructor(window: OpenWindow) {
    this.window = window;
    this.page = window.page;
  }

  async signUp(email: string): Promise<void> {
    const { page } = this;
    await this.visit('/');
    await page.getByRole('button', { name: 'Make an account' }).click();
    await this.fillIn(email);
    await page.getByRole('button', { name: 'Make the account' }).click();
    await page.getByRole('heading', { name: 'Machines' }).waitFor();
  }

  async signIn(email: string, path = '/'): Promise<void> {
    const { page } = this;
    await this.visit(path);
    await this.fillIn(email);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.locator('.top-bar').waitFor();
  }

  /** An ingress that sees no pod ready for a moment drops who comes; people come again. */
  private async visit(path: string): Promise<void> {
    await until(`the page at ${path} is there`, () =>
      this.page.goto(path).catch((error: Error) => {
        if (!error.message.includes('net::ERR_')) throw error;
        return null;
      }),
    );
  }

  /** Clicks again where the dialog moved under the pointer, because what it lists has changed. */
  async closeDialog(): Promise<void> {
    const dialog = this.page.getByRole('dialog');
    await until('the dialog is closed', async () => {
      if ((await dialog.count()) === 0) return true;
      await dialog
        .getByRole('button', { name: 'Close', exact: true })
        .click({ timeout: 1_000 })
        .catch(() => undefined);
      return (await dialog.count()) === 0;
    });
  }

  private async fillIn(email: string): Promise<void> {
    await this.page.getByLabel('E-mail').fill(email);
    await this.page.getByLabel('Password').fill(PASSWORD);
  }

  machine(name: string): Locator {
    return this.page.getByRole('article', { name: `Machine ${name}` });
  }

  /** Starts a session on the machine, and waits for its prompt. */
  async newSession(machine: string): Promise<void> {
    await this.machine(machine).getByRole('button', { name: 'New session' }).click();
    await this.live();
    await this.sees(/\$$/m);
  }

  /** The open terminal shows what is now. */
  async live(): Promise<void> {
    await this.corner.getByText(/^live$/).waitFor({ state: 'attached' });
  }

  get corner(): Locator {
    return this.page.locator('.corner-button');
  }

  get pane(): Locator {
    return this.page.locator('.pane:not(.away)');
  }

  /** The rows of the terminal as they are painted (by the page's own elements: `renderer: 'dom'`). */
  async screen(): Promise<string> {
    const rows = await this.pane.locator('.xterm-rows > div').allTextContents();
    return rows.map((row) => row.replaceAll('\u00a0', ' ').trimEnd()).join('\n');
  }

  async sees(what: RegExp | string, deadlineMs = 15_000): Promise<string> {
    let screen = '';
    const seen = () => (typeof what === 'string' ? screen.includes(what) : what.test(screen));
    try {
      return await until(
        `the screen shows ${what}`,
        async () => {
          screen = await this.screen();
          return seen() && screen;
        },
        deadlineMs,
      );
    } catch (error) {
      throw new Error(`${(error as Error).message}; it shows:\n${screen}\n${this.window.complaints.join('\n')}`);
    }
  }

  /** Everything the terminal holds, scrollback and all, as its text is offered to be copied. */
  async text(): Promise<string> {
    await this.menu('This terminal', 'Show as text');
    const text = await this.page.getByLabel('Text of the terminal').inputValue();
    await this.page.getByRole('button', { name: 'Done' }).click();
    return text;
  }

  async menu(name: string, item: string): Promise<void> {
    await this.page.getByRole('button', { name, exact: true }).click();
    await this.page.getByRole('menuitem', { name: item }).click();
  }

  /** As on a keyboard; `\n` is Enter. */
  async type(text: string): Promise<void> {
    await this.pane.locator('.xterm-helper-textarea').focus();
    for (const [index, line] of text.split('\n').entries()) {
      if (index > 0) await this.page.keyboard.press('Enter');
      await this.page.keyboard.type(line);
    }
  }

  async press(...keys: string[]): Promise<void> {
    for (const key of keys) await this.page.keyboard.press(key);
  }

  async paste(text: string): Promise<void> {
    await this.page.evaluate((value) => navigator.clipboard.writeText(value), text);
    await this.pane.locator('.xterm-helper-textarea').focus();
    await this.page.keyboard.press('Control+Shift+V');
  }

  /** Columns and rows of the session, as the corner tells. */
  async size(): Promise<string> {
    await this.corner.click();
    const details = this.page.getByRole('region', { name: 'Connection and size' });
    const text = await details.locator('dt:has-text("Size") + dd').innerText();
    await this.corner.click();
    await details.waitFor({ state: 'detached' });
    return text;
  }
}
