/**
 * Parts that the browser tests share: a server of its own process, a browser, and pages that note what must not happen.
 *
 * @module
 */
import axe from "axe-core";
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

/** Opens a page; `script` runs in it before its own. */
export async function open(
  browser: Browser,
  address: string,
  { dark = false, width = 1280, height = 900, script = "" } = {},
): Promise<Watched> {
  const colorScheme = dark ? "dark" as const : "light" as const;
  const page = await browser.newPage({ viewport: { width, height }, colorScheme, reducedMotion: "reduce" });
  if (script !== "") await page.addInitScript(script);
  const trouble: string[] = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) trouble.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => trouble.push(`error: ${error.message}`));
  page.on("request", (request) => {
    const url = request.url();
    const own = address.startsWith("file:") ? url === address.split("#")[0] : url.startsWith(new URL(address).origin);
    if (!own && !url.startsWith("data:") && !url.startsWith("blob:")) trouble.push(`foreign request: ${url}`);
  });
  await page.goto(address);
  return { page, trouble };
}

/** Flags under which Debian's Chromium offers WebGPU without a GPU: SwiftShader, its own software driver. */
const WEBGPU = ["--enable-unsafe-webgpu", "--enable-features=Vulkan,WebGPU", "--use-webgpu-adapter=swiftshader"];

/**
 * Starts the browser.
 *
 * @param options `webgpu`: whether it has an adapter; `flags`: further ones.
 */
export function launch({ webgpu = false, flags = [] as string[] } = {}): Promise<Browser> {
  const gpu = webgpu ? WEBGPU : ["--disable-gpu"];
  return chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", ...gpu, ...flags] });
}

/** Runs Deno with this project's own configuration, and returns what it prints. */
export async function deno(args: readonly string[], stdin = ""): Promise<string> {
  const process = new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: root,
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
    env: { NO_COLOR: "1" },
  }).spawn();
  const writer = process.stdin.getWriter();
  await writer.write(new TextEncoder().encode(stdin));
  await writer.close();
  const { code, stdout } = await process.output();
  if (code !== 0) throw new Error(`expected deno ${args[0]} to succeed, found exit code ${code}`);
  return new TextDecoder().decode(stdout);
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

/** What axe finds wrong. */
interface Violation {
  id: string;
  nodes: { target: string[] }[];
}

/** Everything that axe finds wrong: names, roles, contrast. */
export async function accessibility(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => {
    const { axe } = globalThis as unknown as { axe: { run(root: Document): Promise<{ violations: Violation[] }> } };
    return axe.run(document);
  });
  return violations.map(({ id, nodes }) =>
    `${id}: ${nodes.slice(0, 3).map(({ target }) => target.join(" ")).join(", ")}`
  );
}

/** No part of the page is wider than the window. */
export async function fits(page: Page): Promise<boolean> {
  return await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);
}
