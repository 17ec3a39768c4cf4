import { assertEquals } from "@std/assert";
import own from "../../../lib/tools/query/deno.json" with { type: "json" };
import project from "../../../deno.json" with { type: "json" };

Deno.test("packages that the project shares have one version, and the compiler the same options", () => {
  const shared: Record<string, string> = project.imports;
  for (const [name, address] of Object.entries(own.imports)) {
    if (name !== "@duckdb/node-api") assertEquals(address, shared[name], name);
  }
  assertEquals({ ...own.compilerOptions, types: [] }, { ...project.compilerOptions, types: [] });
  assertEquals(own.fmt.lineWidth, project.fmt.lineWidth);
});

Deno.test("the task may write results and call DuckDB, and nothing reaches the network", () => {
  const permissions = project.tasks.query.command.split(" ").filter((part) => part.startsWith("--allow"));
  assertEquals(permissions, ["--allow-read", "--allow-write=results", "--allow-ffi"]);
});
