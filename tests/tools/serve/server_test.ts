import { assert, assertEquals, assertGreater, assertLess, assertMatch, assertStringIncludes } from "@std/assert";
import type { Point } from "../../../lib/tools/serve/curve.ts";
import { liveDocument } from "../../../lib/tools/serve/live_link.ts";
import type { News } from "../../../lib/tools/serve/live_run.ts";
import { ResultsFolder } from "../../../lib/tools/serve/results_folder.ts";
import { handlerFor } from "../../../lib/tools/serve/server.ts";
import { Results, row, trainLines } from "./runs.ts";
import { openLog } from "../../../lib/run/open_log.ts";

/** A server without a socket. */
function serverOf(results: Results, token: string | null = null, base = "") {
  const handle = handlerFor(ResultsFolder.open(results.path), { port: 8000, token, base });
  return (path: string, init: RequestInit = {}) => handle(new Request(`http://localhost:8000${path}`, init));
}

Deno.test("the page and its parts come with a policy that lets nothing out", async () => {
  using results = new Results();
  const get = serverOf(results);
  for (
    const path of [
      "/",
      "/run?id=x",
      "/compare?id=x&id=y",
      "/assets/run.js",
      "/assets/style.css",
      "/assets/vega.js",
      "/favicon.ico",
    ]
  ) {
    const response = await get(path);
    assertEquals(response.status, 200, path);
    const policy = response.headers.get("content-security-policy")!;
    assertMatch(policy, /^default-src 'none'; script-src 'self';/);
    assert(!/unsafe|https?:|\*/.test(policy), policy);
    assertEquals(response.headers.get("x-content-type-options"), "nosniff");
    assertEquals(response.headers.get("access-control-allow-origin"), null);
    assertGreater((await response.text()).length, 100);
  }
});

Deno.test("reads only, and nothing but what it names", async () => {
  using results = new Results();
  results.run("made_up/a", {}, trainLines(0, 3));
  const get = serverOf(results);
  const status = async (path: string, init?: RequestInit) => {
    const response = await get(path, init);
    await response.body?.cancel();
    return response.status;
  };
  for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
    assertEquals(await status("/api/runs", { method }), 405);
  }
  for (
    const path of [
      "/nothing",
      "/assets/server.ts",
      "/assets/..%2fserver.ts",
      "/assets/../server.ts",
      "/api/run?id=none",
      "/api/events?id=none",
      "/file?id=made_up/a&path=none",
    ]
  ) assertEquals(await status(path), 404, path);
  for (
    const path of [
      "/file?id=made_up/a&path=../../x",
      "/file?id=../..&path=etc/passwd",
      "/file?id=made_up/a&path=%2e%2e/x",
      "/file?id=made_up/a&path=/etc/passwd",
      "/api/run?id=",
      "/api/figure?id=made_up/a&path=..%2fx",
    ]
  ) assertEquals(await status(path), 400, path);
  assertEquals(await status("/file?id=made_up/a&path=log.ndjson"), 200);
  assertEquals(await status("/file?id=made_up&path=a"), 404, "a folder is no file");
});

Deno.test("an error says nothing of this machine", async () => {
  using results = new Results();
  results.run("made_up/a");
  results.write("made_up/a/figures/bad.vl.json", "{ torn");
  const get = serverOf(results);
  const response = await get("/api/figure?id=made_up/a&path=figures/bad.vl.json");
  assertEquals(response.status, 422);
  assert(!(await response.text()).includes(results.path));
});

Deno.test("a name that is not this machine's is refused, as a rebound one would be", async () => {
  using results = new Results();
  const get = serverOf(results);
  const status = async (host: string) => {
    const response = await get("/api/runs", { headers: { host } });
    await response.body?.cancel();
    return response.status;
  };
  for (
    const host of ["evil.example", "evil.example:8000", "localhost.evil.example", "127.0.0.1.evil.example", "0x7f.1"]
  ) {
    assertEquals(await status(host), 421, host);
  }
  for (const host of ["localhost", "localhost:9000", "127.0.0.1:8000", "[::1]:8000"]) {
    assertEquals(await status(host), 200, host);
  }
});

Deno.test("with a token, nothing is told to whoever lacks it", async () => {
  using results = new Results();
  const token = "0123456789abcdef0123456789abcdef";
  const get = serverOf(results, token);
  for (
    const headers of [{}, { cookie: "icl-lab-8000=wrong" }, { authorization: `Bearer ${token.slice(1)}` }, {
      cookie: `icl-lab-9000=${token}`,
    }]
  ) {
    const refused = await get("/api/runs", { headers: new Headers(Object.entries(headers)) });
    assertEquals(refused.status, 401);
    assert(!(await refused.text()).includes(token));
  }
  const login = await get(`//elsewhere.example/run?id=a&token=${token}`);
  assertEquals(login.status, 303);
  assertEquals(login.headers.get("location"), "./run?id=a");
  assertEquals((await get(`/?token=${token}`)).headers.get("location"), "./");
  assertEquals((await get(`/javascript:x?token=${token}`)).headers.get("location"), "./javascript:x");
  const cookie = login.headers.get("set-cookie")!;
  assertStringIncludes(cookie, "HttpOnly; SameSite=Strict");
  assert(!cookie.includes("Path"), "a path of ours would be none behind a proxy");
  for (const headers of [{ cookie: `other=1; ${cookie.split(";")[0]}` }, { authorization: `Bearer ${token}` }]) {
    const response = await get("/api/runs", { headers: new Headers(Object.entries(headers)) });
    assertEquals(response.status, 200);
    await response.body?.cancel();
  }
});

Deno.test("every address is relative, and a path that a proxy leaves before it is taken off", async () => {
  using results = new Results();
  results.run("made_up/a", {}, trainLines(0, 3));
  const get = serverOf(results);
  for (const path of ["/", "/run", "/compare"]) {
    const page = await (await get(path)).text();
    const addresses = [...page.matchAll(/(?:href|src)="([^"]*)"/g)].map(([, address]) => address);
    assertGreater(addresses.length, 4);
    assertEquals(addresses.filter((address) => /^\/|:/.test(address)), []);
  }
  for (const name of ["list", "run", "compare", "figure", "chart_card", "dom"]) {
    const script = await (await get(`/assets/${name}.js`)).text();
    const absolute = script.match(/(?:href: |"href", |fetch\(|address\(|EventSource\()["'`]\/.*/g) ?? [];
    assertEquals(absolute, [], `an absolute address in ${name}.js`);
  }
  const behind = serverOf(results, null, "/user/me/proxy/8000");
  const status = async (path: string) => {
    const response = await behind(path);
    await response.body?.cancel();
    return [response.status, response.headers.get("location")];
  };
  assertEquals(await status("/user/me/proxy/8000"), [308, "/user/me/proxy/8000/"]);
  for (const path of ["", "run?id=made_up/a", "api/runs", "assets/run.js"]) {
    assertEquals(await status(`/user/me/proxy/8000/${path}`), [200, null], path);
    assertEquals(await status(`/${path}`), [200, null], "a proxy that takes its path off");
  }
  assertEquals((await status("/user/you/api/runs"))[0], 404);
});

Deno.test("a manifest, a log or claims that are links out of the results are not followed", async () => {
  using results = new Results();
  using elsewhere = new Results();
  const secret = elsewhere.run("made_up/secret", {}, trainLines(0, 3));
  elsewhere.write("made_up/secret/claims.json", "[]");
  const get = serverOf(results);
  for (const name of ["manifest.json", "log.ndjson", "claims.json"]) {
    const folder = results.run("made_up/a", {}, trainLines(0, 3));
    results.write("made_up/a/claims.json", "[]");
    assertEquals((await get("/api/run?id=made_up/a")).status, 200);
    Deno.removeSync(`${folder}/${name}`);
    Deno.symlinkSync(`${secret}/${name}`, `${folder}/${name}`);
    for (const path of ["run?id=made_up/a", "overlay?id=made_up/a", "events?id=made_up/a"]) {
      const response = await get(`/api/${path}`);
      assertEquals(response.status, 403, `${name} by ${path}`);
      await response.body?.cancel();
    }
    assertEquals((await (await get("/api/runs")).json()).runs.length, 0);
    assertEquals((await (await get("/api/last")).json()).values, {});
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("claims of any content are claims whose every field has its type", async () => {
  using results = new Results();
  results.run("made_up/a");
  const sound = {
    ...{ id: "c", statement: "It falls.", source: "§1", criterion: "at most 1", verdict: "inconclusive" },
    ...{ predicted: null, measured: null, low: null, high: null, replicas: 0, replicasToSettle: null },
  };
  results.write("made_up/a/claims.json", JSON.stringify([null, 7, [], { id: 3 }, { ...sound, measured: "1" }, sound]));
  const get = serverOf(results);
  const { claims } = await (await get("/api/run?id=made_up/a")).json();
  assertEquals(claims, [{ ...sound, words: { predicted: "–", measured: "–", notes: [] } }]);
});

Deno.test("several runs are told at once, with their curves; last values come from the ends of the logs", async () => {
  using results = new Results();
  for (const name of ["a", "b"]) results.run(`made_up/${name}`, {}, trainLines(0, 3000));
  const rows = [0, 1].map((replica) => row("measure", { step: 10, replica, value: 2 + replica })).join("");
  results.run("made_up/c", {}, rows + row("measure", { series: "control", step: 10, replica: 0, value: 9 }));
  results.run("made_up/none");
  const get = serverOf(results);
  const { runs } = await (await get("/api/overlay?id=made_up/a&id=made_up/b&id=made_up/a")).json();
  assertEquals(runs.map(({ id, log }: { id: string; log: News }) => [id, log.rows, log.newest[0].at]), [
    ["made_up/a", 6000, 2999],
    ["made_up/b", 6000, 2999],
  ]);
  const { values, more } = await (await get("/api/last")).json();
  assertEquals(more, false);
  assertEquals(Object.keys(values["made_up/a"]), ["loss"]);
  assertEquals([values["made_up/c"], values["made_up/none"]], [{ loss: 2.5 }, {}]);
  const many = Array.from({ length: 101 }, (_, index) => `id=${index}`).join("&");
  assertEquals((await get(`/api/overlay?${many}`)).status, 400);
});

Deno.test("a run that has stopped says how it goes on, where it has left a checkpoint", async () => {
  using results = new Results();
  const stopped = { status: "interrupted" as const, reason: "SIGINT" };
  results.run("made_up/a", stopped);
  const get = serverOf(results);
  const resumedBy = async () => (await (await get("/api/run?id=made_up/a")).json()).resumedBy;
  assertEquals(await resumedBy(), "");
  results.run("made_up/a", stopped, trainLines(0, 3));
  results.write("made_up/a/checkpoints/step-00000010.safetensors", "");
  assertMatch(await resumedBy(), /^\.\/lab run made_up --resume='?.*made_up\/a'?$/);
});

Deno.test("notes, tags and archive are files of the run's folder", async () => {
  using results = new Results();
  results.run("made_up/a");
  const get = serverOf(results);
  const said = async () => {
    const { notes, tags, archived } = await (await get("/api/run?id=made_up/a")).json();
    return [notes, tags, archived];
  };
  assertEquals(await said(), ["", [], false]);
  results.write("made_up/a/notes.md", "The **good** one.\n");
  results.write("made_up/a/tags.txt", "figure-2, rerun\nfigure-2");
  results.write("made_up/a/archived", "");
  assertEquals(await said(), ["The **good** one.", ["figure-2", "rerun"], true]);
});

Deno.test("a file of a run is shown without rights, or not shown at all", async () => {
  using results = new Results();
  results.run("made_up/a");
  results.write("made_up/a/figures/x.svg", "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>");
  results.write("made_up/a/page.html", "<script>alert(1)</script>");
  results.write("made_up/a/script.js", "alert(1)");
  const get = serverOf(results);
  const headersOf = async (path: string) => {
    const response = await get(`/file?id=made_up/a&path=${path}`);
    await response.body?.cancel();
    return response.headers;
  };
  const svg = await headersOf("figures/x.svg");
  assertEquals(svg.get("content-type"), "image/svg+xml");
  assertMatch(svg.get("content-security-policy")!, /default-src 'none'.*; sandbox/);
  for (const path of ["page.html", "script.js"]) {
    assertEquals((await headersOf(path)).get("content-type"), "application/octet-stream");
    assertEquals((await headersOf(path)).get("content-disposition"), "attachment");
  }
});

Deno.test("a list that has not changed is not sent again", async () => {
  using results = new Results();
  results.run("made_up/a");
  const get = serverOf(results);
  const first = await get("/api/runs");
  assertEquals((await first.json()).runs[0].id, "made_up/a");
  const etag = first.headers.get("etag")!;
  assertEquals((await get("/api/runs", { headers: { "if-none-match": etag } })).status, 304);
});

/** Reads events until one satisfies. */
async function eventsUntil(response: Response, enough: (event: Event) => boolean): Promise<Event[]> {
  const events: Event[] = [];
  let text = "";
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    const parts = (text + chunk).split("\n\n");
    text = parts.pop()!;
    for (const part of parts) {
      const field = (name: string) =>
        part.split("\n").find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
      const event = { type: field("event") ?? "", id: field("id") ?? "", data: JSON.parse(field("data") ?? "null") };
      events.push(event);
      if (enough(event)) return events;
    }
  }
  return events;
}

interface Event {
  type: string;
  id: string;
  data: News & { readonly status: string };
}

Deno.test("a complete run is told in full, with its extremes, and the stream ends", async () => {
  using results = new Results();
  results.run("made_up/a", {}, trainLines(0, 20_000, 7777) + '{"kind":"train","st');
  const events = await eventsUntil(await serverOf(results)("/api/events?id=made_up/a"), () => false);
  assertEquals(events.at(-1)!.type, "end");
  assertEquals(events.filter(({ type }) => type === "run").length, 1);
  const last = events.findLast(({ type }) => type === "log")!.data;
  assertEquals([last.rows, last.passedOver, last.newest[0].at], [40_000, 0, 19_999]);
  const points: Point[] = [];
  for (const { data, type } of events) {
    for (const { from, points: tail } of type === "log" ? data.curves : []) points.splice(from, Infinity, ...tail);
  }
  assertLess(points.length, 801);
  assertEquals(Math.max(...points.map(([, , , high]) => high)), 9);
});

Deno.test("a running run moves, and a reader goes on where it was, even after the server was started again", async () => {
  using results = new Results();
  const folder = results.run("made_up/a", { status: "running", end: null, elapsedMs: null }, trainLines(0, 5));
  using _log = openLog(`${folder}/log.ndjson`);
  const get = serverOf(results);
  const append = (text: string) => Deno.writeTextFileSync(`${folder}/log.ndjson`, text, { append: true });
  const first = await eventsUntil(await get("/api/events?id=made_up/a"), ({ type }) => type === "log");
  const { id, data } = first.at(-1)!;
  assertEquals([data.reset, data.curves[0].points.length], [true, 5]);
  append(trainLines(5, 7));
  const again = await eventsUntil(
    await get("/api/events?id=made_up/a", { headers: { "last-event-id": id } }),
    ({ type }) => type === "log",
  );
  const more = again.at(-1)!.data;
  assertEquals([more.reset, more.curves[0].from, more.curves[0].points.length, more.curves[0].name], [
    false,
    5,
    2,
    undefined,
  ]);
  const restarted = await eventsUntil(
    await serverOf(results)("/api/events?id=made_up/a", { headers: { "last-event-id": again.at(-1)!.id } }),
    ({ type }) => type === "log",
  );
  assertEquals([restarted.at(-1)!.data.reset, restarted.at(-1)!.data.curves[0].points.length], [true, 7]);
});

Deno.test("a watched run that is cut back, and one that crashes, are told as such", async () => {
  using results = new Results();
  const folder = results.run("made_up/a", { status: "running", end: null, elapsedMs: null }, trainLines(0, 50));
  const log = openLog(`${folder}/log.ndjson`);
  const get = serverOf(results);
  let logs = 0;
  const events = await eventsUntil(await get("/api/events?id=made_up/a"), ({ type }) => {
    if (type === "log" && ++logs === 1) {
      Deno.truncateSync(`${folder}/log.ndjson`, 0);
      Deno.writeTextFileSync(`${folder}/log.ndjson`, trainLines(0, 3), { append: true });
    } else if (type === "log" && logs === 2) log.close();
    return false;
  });
  const news = events.filter(({ type }) => type === "log").map(({ data }) => [data.reset, data.rows]);
  assertEquals(news, [[true, 100], [true, 6], [false, 6]], "the last one says that the last step is whole");
  assertEquals(events.filter(({ type }) => type === "run").map(({ data }) => data.status), ["running", "crashed"]);
  assertEquals(events.at(-1)!.type, "end");
});

Deno.test("a run links to a live page of its experiment with its options; of that page our own scripts run alone", async () => {
  using results = new Results();
  const configuration = { spectrum: [2, 1], context: 16, lr: 0.02, sampler: "tokens", steps: "1&x=<b>" };
  results.run("linear_icl/a", { experiment: "linear_icl", configuration, seeds: [7, 8] });
  results.run("made_up/a", {}, trainLines(0, 3));
  const get = serverOf(results);
  const linkOf = async (id: string) => (await (await get(`/api/live?id=${id}`)).json()).link;
  assertEquals(
    await linkOf("linear_icl/a"),
    "live?experiment=linear_icl#spectrum=2%2C1&context=16&lr=0.02&steps=1%26x%3D%3Cb%3E&seed=7",
  );
  assertEquals(await linkOf("made_up/a"), null);

  // The gallery keeps the page of the main experiment.
  const live = await get("/live?experiment=linear_icl");
  const policy = live.headers.get("content-security-policy")!;
  assertMatch(
    policy,
    /^default-src 'none'; script-src 'sha256-.*; worker-src blob:; .*; frame-ancestors 'none'$/,
  );
  assert(!/unsafe|https?:|\*|'self'/.test(policy), policy);
  assertStringIncludes(await live.text(), policy.slice(0, policy.indexOf("; base-uri")));
  for (const name of ["none", "../serve", ""]) {
    const refused = await get(`/live?experiment=${name}`);
    assertEquals([refused.status, (await refused.json()).error], [
      404,
      "expected an experiment of this workspace, found none",
    ]);
  }
});

Deno.test("a live page that is not there is told how to be written; another file is none", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const { html, policy } = await liveDocument("grokking", `${folder}/`);
    assertStringIncludes(html, "./lab page grokking");
    assertEquals(policy, null);
    Deno.writeTextFileSync(`${folder}/grokking.html`, "<script>alert(1)</script>");
    assertStringIncludes((await liveDocument("grokking", `${folder}/`)).html, "./lab page grokking");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
