/**
 * Parts that the browser tests share: a server of its own process, a browser, and pages that note what must not happen.
 *
 * @module
 */
import { type Browser, chromium, type Page } from "playwright-core";

/** Where Debian puts it. */
export const CHROMIUM = "/usr/bin/chromium";

const root = new URL("../../", import.meta.url).pathname;

/** A process of `deno task serve`, with the permissions that the task gives it. */
export class Server implements AsyncDisposable {
  private constructor(readonly base: string, readonly port: number, readonly process: Deno.ChildProcess) {}

  /** Starts one. */
  static async start(results: string, port = 0): Promise<Server> {
    const process = new Deno.Command(Deno.execPath(), {
      args: ["task", "--quiet", "--config", `${root}deno.json`, "serve", results, `--port=${port}`],
      stdout: "piped",
      stderr: "inherit",
      env: { NO_COLOR: "1" },
    }).spawn();
    let text = "";
    const reader = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
    while (!/open: +(\S+)/.test(text)) {
      const { value, done } = await reader.read();
      if (done) throw new Error(`expected a server, found one that ended: ${text}`);
      text += value;
    }
    await reader.cancel();
    const base = /open: +(\S+?)\/?\s/.exec(text)![1];
    return new Server(base, Number(new URL(base).port), process);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.process.kill("SIGTERM");
    } catch {
      // It has ended already.
    }
    await this.process.status;
  }
}

/** A page, and everything that it must not do. */
export interface Watched {
  readonly page: Page;
  /** Errors and warnings on the console, uncaught errors, and requests that leave the server. */
  readonly trouble: string[];
}

/** Opens a page. */
export async function open(
  browser: Browser,
  address: string,
  { dark = false, width = 1280, height = 900 } = {},
): Promise<Watched> {
  const colorScheme = dark ? "dark" as const : "light" as const;
  const page = await browser.newPage({ viewport: { width, height }, colorScheme, reducedMotion: "reduce" });
  const trouble: string[] = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) trouble.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => trouble.push(`error: ${error.message}`));
  page.on("request", (request) => {
    const url = request.url();
    const own = address.startsWith("file:") ? url === address : url.startsWith(new URL(address).origin);
    if (!own && !url.startsWith("data:") && !url.startsWith("blob:")) trouble.push(`foreign request: ${url}`);
  });
  await page.goto(address);
  return { page, trouble };
}

/** Starts the browser. */
export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] });
}

/** Scrolls through a page, so that everything that waits to be seen is drawn. */
export async function drawAll(page: Page): Promise<void> {
  await page.waitForSelector("figure.card");
  for (const card of await page.locator("figure.card").all()) {
    await card.scrollIntoViewIfNeeded();
    await card.and(page.locator("[data-drawn]")).waitFor({ timeout: 20_000 });
  }
  await page.evaluate(() => scrollTo(0, 0));
}
