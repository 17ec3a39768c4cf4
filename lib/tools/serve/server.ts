/**
 * What the page asks for, and what it gets.
 *
 * | address | answer |
 * |---|---|
 * | `/`, `/run?id=RUN`, `/compare?id=RUN&id=RUN` | the page |
 * | `/assets/NAME` | its scripts and styles |
 * | `/api/runs` | summaries of all runs |
 * | `/api/run?id=RUN` | record of a run and its claims |
 * | `/api/log?id=RUN` | curves of its log, once all of it is read |
 * | `/api/events?id=RUN` | the same as events while it grows |
 * | `/api/figure?id=RUN&path=FILE` | a specification, made harmless |
 * | `/file?id=RUN&path=FILE` | a file of the run as it is |
 *
 * @module
 */
import { type ShownClaim, shownClaims } from "./shown_claims.ts";
import { extname } from "@std/path";
import { asset, shell } from "./assets.ts";
import { runEvents } from "./events.ts";
import { guard, type Terms } from "./guard.ts";
import { LiveRuns } from "./live_run.ts";
import { Refusal } from "./refusal.ts";
import type { ResultsFolder } from "./results_folder.ts";
import { RunIndex } from "./run_index.ts";
import { readJson } from "./run_record.ts";
import { tameSpec } from "./tame_spec.ts";

const PAGE =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/** A file of a run is shown as a document without any right. */
const FILE = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; frame-ancestors 'none'";
const TYPES: Readonly<Record<string, string>> = {
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".json": "application/json",
  ".ndjson": "text/plain; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
};
const MAX_SPEC_BYTES = 32 << 20;

/**
 * Answers requests about a folder of results.
 *
 * @param folder The results.
 * @param terms What a request must bring.
 * @returns A handler for `Deno.serve`.
 */
export function handlerFor(folder: ResultsFolder, terms: Terms): (request: Request) => Promise<Response> {
  const index = new RunIndex(folder);
  const lives = new LiveRuns();

  async function answer(request: Request): Promise<Response> {
    const login = guard(request, terms);
    if (login !== null) {
      const { location, cookie } = login;
      return new Response(null, { status: 303, headers: { location, "set-cookie": cookie } });
    }
    const { pathname, searchParams } = new URL(request.url);
    const id = searchParams.get("id") ?? "";
    const path = searchParams.get("path") ?? "";
    const watch = () => {
      const record = index.run(id);
      return { record, live: lives.of(folder.locate(id, ""), record) };
    };
    switch (pathname) {
      case "/":
        return page("Runs – icl-lab", "list");
      case "/run":
        return page("Run – icl-lab", "run");
      case "/compare":
        return page("Comparison – icl-lab", "compare");
      case "/api/runs":
        return unlessKnown(request, JSON.stringify({ runs: index.list() }));
      case "/api/run":
        return json({ ...index.run(id), claims: claimsOf(id) });
      case "/api/log": {
        const { live } = watch();
        while (await live.advance()) request.signal.throwIfAborted();
        return json(live.news(null));
      }
      case "/api/events": {
        watch();
        const headers = { "content-type": "text/event-stream", "cache-control": "no-store" };
        return new Response(runEvents(watch, request.headers.get("last-event-id")), { headers });
      }
      case "/api/figure":
        return json(tameSpec(readJson(folder.locate(id, path), MAX_SPEC_BYTES)));
      case "/file":
        return await file(folder.locate(id, path));
    }
    const name = /^\/assets\/([\w.-]+)$/.exec(pathname)?.[1];
    const text = name === undefined ? null : asset(name);
    if (text === null) throw new Refusal(404, "expected a page of this server, found none");
    const headers = { "content-type": TYPES[extname(name!)], "cache-control": "max-age=600" };
    return new Response(text, { headers });
  }

  function claimsOf(id: string): readonly ShownClaim[] {
    try {
      return shownClaims(readJson(folder.locate(id, "claims.json")));
    } catch {
      return []; // None judged yet, or none at all.
    }
  }

  return async (request) => {
    let response: Response;
    try {
      response = await answer(request);
    } catch (error) {
      response = refused(error);
    }
    const { headers } = response;
    if (!headers.has("content-security-policy")) headers.set("content-security-policy", PAGE);
    if (!headers.has("cache-control")) headers.set("cache-control", "no-store");
    headers.set("x-content-type-options", "nosniff");
    headers.set("referrer-policy", "no-referrer");
    headers.set("cross-origin-resource-policy", "same-origin");
    headers.set("cross-origin-opener-policy", "same-origin");
    headers.set("x-frame-options", "DENY");
    return response;
  };
}

function page(title: string, script: "list" | "run" | "compare"): Response {
  return new Response(shell(title, script), { headers: { "content-type": "text/html; charset=utf-8" } });
}

function json(content: unknown): Response {
  return new Response(JSON.stringify(content), { headers: { "content-type": "application/json" } });
}

/** A list that is looked at every few seconds is sent where it has changed. */
async function unlessKnown(request: Request, text: string): Promise<Response> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  const etag = `W/"${[...digest.subarray(0, 12)].map((byte) => byte.toString(16).padStart(2, "0")).join("")}"`;
  const headers = { etag, "cache-control": "private, no-cache", "content-type": "application/json" };
  const known = request.headers.get("if-none-match") === etag;
  return new Response(known ? null : text, { status: known ? 304 : 200, headers });
}

async function file(path: string): Promise<Response> {
  const { isFile, size } = await Deno.stat(path);
  if (!isFile) throw new Refusal(404, "expected a file of a run, found something else");
  const type = TYPES[extname(path)];
  const shown = type !== undefined && !type.startsWith("text/javascript") && !type.startsWith("text/css");
  const { readable } = await Deno.open(path);
  return new Response(readable, {
    headers: {
      "content-type": shown ? type : "application/octet-stream",
      "content-length": String(size),
      "content-security-policy": FILE,
      ...(shown ? {} : { "content-disposition": "attachment" }),
    },
  });
}

/** What went wrong is said in one line, without a path of this machine. */
function refused(error: unknown): Response {
  const status = error instanceof Refusal ? error.status : 422;
  const known = error instanceof Refusal || error instanceof SyntaxError ||
    (error instanceof Error && error.message.startsWith("expected "));
  const message = known ? (error as Error).message : "expected a readable file, found none";
  return new Response(JSON.stringify({ error: message }), {
    status,
    headers: { "content-type": "application/json", ...(status === 405 ? { allow: "GET, HEAD" } : {}) },
  });
}
