import { assertEquals, assertThrows } from "@std/assert";
import { UserError } from "../../../lib/io/errors.ts";
import { Refusal } from "../../../lib/tools/serve/refusal.ts";
import { ResultsFolder } from "../../../lib/tools/serve/results_folder.ts";
import { Results } from "./runs.ts";

Deno.test("finds runs by their manifests, kept ones by run.json, and nothing behind a link", () => {
  using results = new Results();
  results.run("first/a");
  results.run("sorted/second/b");
  results.write("gallery/first/run.json", "{}");
  results.write("first/notes/readme.txt", "no run");
  Deno.mkdirSync(`${results.path}/.hidden`);
  Deno.symlinkSync(`${results.path}/first`, `${results.path}/linked`);
  const folder = ResultsFolder.open(results.path);
  assertEquals(folder.runs().sort(), ["first/a", "gallery/first", "sorted/second/b"]);
  assertEquals(ResultsFolder.open(`${results.path}/first/a`).runs(), ["."]);
});

Deno.test("a path that leads out of the results is refused, however it is written", () => {
  using results = new Results();
  using elsewhere = new Results();
  elsewhere.write("secret.txt", "secret");
  const run = results.run("first/a");
  Deno.symlinkSync(`${elsewhere.path}/secret.txt`, `${run}/link.txt`);
  Deno.symlinkSync(elsewhere.path, `${run}/folder`);
  Deno.symlinkSync("log.ndjson", `${run}/inside.ndjson`);
  const folder = ResultsFolder.open(results.path);
  const refused = (id: string, path: string) => assertThrows(() => folder.locate(id, path), Refusal).status;
  for (
    const path of [
      "../a/log.ndjson",
      "..",
      "/etc/passwd",
      "a//b",
      "./log.ndjson",
      "x\0",
      "a\\b",
      "figures/../log.ndjson",
    ]
  ) {
    assertEquals(refused("first/a", path), 400, path);
  }
  for (const id of ["..", "../..", "", "first/../first/a", "/etc"]) assertEquals(refused(id, "log.ndjson"), 400, id);
  assertEquals(refused("first/a", "link.txt"), 403);
  assertEquals(refused("first/a", "folder/secret.txt"), 403);
  assertEquals(refused("first/a", "missing"), 404);
  assertEquals(folder.locate("first/a", "inside.ndjson"), folder.locate("first/a", "log.ndjson"));
});

Deno.test("says what a folder of results is expected to be", () => {
  using results = new Results();
  results.write("file", "");
  assertThrows(
    () => ResultsFolder.open(`${results.path}/none`),
    UserError,
    "expected a folder of results, found nothing at",
  );
  assertThrows(
    () => ResultsFolder.open(`${results.path}/file`),
    UserError,
    "expected a folder of results, found a file at",
  );
});
