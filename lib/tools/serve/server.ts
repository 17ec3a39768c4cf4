/**
 * Requests of the page, and their answers.
 *
 * | address | answer |
 * |---|---|
 * | `/`, `/run?id=RUN`, `/compare?id=RUN&id=RUN`, `/sweep?id=SWEEP` | the page |
 * | `/assets/NAME` | its scripts and styles |
 * | `/live?experiment=NAME` | the page in which an experiment trains live, or how to write it |
 * | `/favicon.ico` | its icon, which browsers ask for beside a file that is no page |
 * | `/api/runs` | summaries of all runs and sweeps |
 * | `/api/last` | their last values, as many as are read in a moment |
 * | `/api/run?id=RUN` | record of a run and its claims |
 * | `/api/overlay?id=RUN&id=RUN` | the same of several, with the curves of their logs, once all is read |
 * | `/api/events?id=RUN` | record and curves as events while the log grows |
 * | `/api/sweep?id=SWEEP` | cells and tasks of a sweep, how these stand, and claims of the cells |
 * | `/api/sweep-curves?id=SWEEP&…` | curves of its runs, pooled in groups, as many logs as are read in a moment |
 * | `/api/live?id=RUN` | where the run's experiment trains live, with its options; null if nowhere |
 * | `/api/figure?id=RUN&path=FILE` | a specification, made harmless |
 * | `/file?id=RUN&path=FILE` | a file of the run as it is |
 *
 * Every address that a page names is relative to the page, so that a proxy may put a path before all of them.
 *
 * @module
 */
import { eTag, ifNoneMatch } from "@std/http/etag";
import { setCookie } from "@std/http/cookie";
import { extname, join, relative } from "@std/path";
import { asset, type PageName, shell } from "./assets.ts";
import { runEvents } from "./events.ts";
import { guard, type Terms } from "./guard.ts";
import { LastValues } from "./last_values.ts";
import { liveDocument, liveLink } from "./live_link.ts";
import { LiveRuns } from "./live_run.ts";
import { Refusal } from "./refusal.ts";
import type { ResultsFolder } from "./results_folder.ts";
import { RunIndex } from "./run_index.ts";
import { readJson, type RunRecord } from "./run_record.ts";
import { type ShownClaim, shownClaims } from "./shown_claims.ts";
import { ManySweepCurves, SweepCurves } from "./sweep_curves.ts";
import { SweepIndex } from "./sweep_index.ts";
import { shownSweep } from "./shown_sweep.ts";
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
/** Runs laid over each other at most. */
const MAX_OVERLAID = 100;
/** Time for last values in one answer. */
const LAST_MS = 250;
/** Time for the logs of a sweep in one answer. */
const SWEEP_MS = 700;

/**
 * Answers requests about a folder of results.
 *
 * @param folder The results.
 * @param terms What a request must bring.
 * @returns A handler for `Deno.serve`.
 */
export function handlerFor(folder: ResultsFolder, terms: Terms): (request: Request) => Promise<Response> {
  const index = new RunIndex(folder);
  const sweeps = new SweepIndex(folder);
  const sweepCurves = new ManySweepCurves(() => new SweepCurves(folder, index));
  const lives = new LiveRuns();
  const lasts = new LastValues();

  async function answer(request: Request): Promise<Response> {
    const login = guard(request, terms);
    if (login !== null) {
      const headers = new Headers({ location: login.location });
      setCookie(headers, login.cookie);
      return new Response(null, { status: 303, headers });
    }
    const { pathname: whole, searchParams } = new URL(request.url);
    const { base = "" } = terms;
    // Some proxies leave their path before ours, others take it off.
    if (base !== "" && whole === base) return new Response(null, { status: 308, headers: { location: `${base}/` } });
    const pathname = base !== "" && whole.startsWith(`${base}/`) ? whole.slice(base.length) : whole;
    const id = searchParams.get("id") ?? "";
    const path = searchParams.get("path") ?? "";
    const watch = () => {
      const record = index.run(id);
      return { record: told(record), live: lives.of(folder.locate(id, ""), record) };
    };
    switch (pathname) {
      case "/":
        return page("Runs – icl-lab", "list");
      case "/run":
        return page("Run – icl-lab", "run");
      case "/compare":
        return page("Comparison – icl-lab", "compare");
      case "/sweep":
        return page("Sweep – icl-lab", "sweep");
      case "/api/runs":
        return unlessKnown(request, JSON.stringify({ runs: index.list(), sweeps: sweeps.list(index.sweeps) }));
      case "/api/sweep":
        return unlessKnown(request, JSON.stringify(shownSweep(sweeps.sweep(id), folder)));
      case "/api/sweep-curves": {
        const asked = {
          quantity: searchParams.get("quantity") ?? "",
          label: searchParams.get("label"),
          by: searchParams.get("by") ?? "*",
          fixed: Object.fromEntries(
            [...searchParams].flatMap(([key, value]) => key.startsWith("fix:") ? [[key.slice(4), value]] : []),
          ),
        };
        return json(await sweepCurves.of(id).of(sweeps.sweep(id), asked, SWEEP_MS));
      }
      case "/api/last": {
        const runs = index.list().map((each) => ({ run: index.run(each.id), folder: folder.locate(each.id, "") }));
        return json(await lasts.of(runs, LAST_MS));
      }
      case "/api/run":
        return json({ ...told(index.run(id)), claims: claimsOf(id) });
      case "/api/overlay": {
        const ids = [...new Set(searchParams.getAll("id"))];
        if (ids.length > MAX_OVERLAID) {
          throw new Refusal(400, `expected at most ${MAX_OVERLAID} runs, found ${ids.length}`);
        }
        const runs = [];
        for (const each of ids) {
          const run = index.run(each);
          const live = lives.of(folder.locate(each, ""), run);
          while (await live.advance()) request.signal.throwIfAborted();
          const { files: _files, columns: _columns, ...record } = told(run);
          runs.push({ ...record, claims: claimsOf(each), log: live.news(null, run.status !== "running") });
        }
        return json({ runs });
      }
      case "/api/events": {
        watch();
        const headers = { "content-type": "text/event-stream", "cache-control": "no-store" };
        return new Response(runEvents(watch, request.headers.get("last-event-id")), { headers });
      }
      case "/api/live":
        return json({ link: await liveLink(index.run(id)) });
      case "/live": {
        const { html, policy } = await liveDocument(searchParams.get("experiment") ?? "");
        const headers = new Headers({ "content-type": "text/html; charset=utf-8" });
        if (policy !== null) headers.set("content-security-policy", policy);
        return new Response(html, { headers });
      }
      case "/api/figure":
        return json(tameSpec(readJson(folder.locate(id, path), MAX_SPEC_BYTES)));
      case "/file":
        return await file(folder.locate(id, path));
    }
    const name = pathname === "/favicon.ico" ? "icon.svg" : /^\/assets\/([\w.-]+)$/.exec(pathname)?.[1];
    const text = name === undefined ? null : asset(name);
    if (text === null) throw new Refusal(404, "expected a page of this server, found none");
    const headers = { "content-type": TYPES[extname(name!)], "cache-control": "max-age=600" };
    return new Response(text, { headers });
  }

  /** A run with the command that goes on with it, its folder as one would type it here. */
  function told(run: RunRecord): RunRecord {
    if (run.resumedBy === "") return run;
    const path = join(relative(Deno.cwd(), folder.root), run.id);
    return { ...run, resumedBy: run.resumedBy + (/^[\w@%+=:,./-]+$/.test(path) ? path : `'${path}'`) };
  }

  function claimsOf(id: string): ShownClaim[] {
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

function page(title: string, script: PageName): Response {
  return new Response(shell(title, script), { headers: { "content-type": "text/html; charset=utf-8" } });
}

function json(content: unknown): Response {
  return new Response(JSON.stringify(content), { headers: { "content-type": "application/json" } });
}

/** A list that is looked at every few seconds is sent where it has changed. */
async function unlessKnown(request: Request, text: string): Promise<Response> {
  const etag = await eTag(text, { weak: true });
  const headers = { etag, "cache-control": "private, no-cache", "content-type": "application/json" };
  if (!ifNoneMatch(request.headers.get("if-none-match"), etag)) return new Response(null, { status: 304, headers });
  return new Response(text, { headers });
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

/** Says in one line why a request failed, without a path of this machine. */
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
