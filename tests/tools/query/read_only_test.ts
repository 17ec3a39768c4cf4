/** No statement writes a file, reads one, reaches the network, loads code or changes a setting. */
import { assert, assertEquals } from "@std/assert";
import { inFolder, query, writeSample } from "./sample.ts";

/** Files and folders below a folder, with their sizes. */
function contentsOf(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) => {
    const path = `${folder}/${name}`;
    return isDirectory ? [path, ...contentsOf(path)] : [`${path} ${Deno.statSync(path).size}`];
  }).sort();
}

Deno.test("every way out is refused in one line, and nothing has changed", () =>
  inFolder(async (folder) => {
    writeSample(folder);
    Deno.writeTextFileSync(`${folder}/secret.csv`, "word\nopensesame\n");
    const target = (name: string) => `${folder}/results/${name}`;
    const log = `${folder}/results/widths/2026-11-23T09-30-18Z-smoke-seed1/log.ndjson`;
    const statements = [
      `copy train to '${target("a.csv")}'`,
      `copy (select 1) to '${target("a.parquet")}' (format parquet)`,
      `copy train to '${log}'`,
      `copy train from '${folder}/secret.csv'`,
      `explain analyze copy train to '${target("b.csv")}'`,
      `export database '${target("c")}'`,
      `import database '${folder}'`,
      `attach '${target("d.db")}' as d`,
      `attach 'https://example.com/d.db' as d`,
      `install httpfs`,
      `load httpfs`,
      `load '${folder}/secret.csv'`,
      `force install httpfs from community`,
      `pragma enable_profiling = 'json'`,
      `pragma profiling_output = '${target("e.json")}'`,
      `pragma log_query_path = '${target("e.log")}'`,
      `set log_query_path = '${target("e.log")}'`,
      `set enable_external_access = true`,
      `set allowed_directories = ['/']`,
      `set lock_configuration = false`,
      `set temp_directory = '${target("f")}'`,
      `reset enable_external_access`,
      `select * from read_csv('${folder}/secret.csv')`,
      `select * from '${folder}/secret.csv'`,
      `select * from read_text('${folder}/*')`,
      `select * from read_blob('https://example.com/')`,
      `select * from read_ndjson('${log}')`,
      `select * from glob('${folder}/*')`,
      `select * from query('copy train to ''${target("g.csv")}''')`,
      `select * from query_table('${folder}/secret.csv')`,
      `create secret s (type s3)`,
      `create table t as select 1`,
      `create macro m() as 1`,
      `insert into train by name select 1 as step`,
      `update train set step = 0`,
      `delete from train`,
      `drop table train`,
      `alter table train add column c int`,
      `call force_checkpoint()`,
      `checkpoint`,
      `vacuum`,
      `begin`,
      `use memory`,
      `prepare p as select 1`,
      `execute p`,
      `deallocate p`,
    ];
    const before = contentsOf(folder);
    const queue = [...statements];
    const worker = async () => {
      for (let sql = queue.shift(); sql !== undefined; sql = queue.shift()) {
        const { code, stdout, stderr } = await query(folder, [sql]);
        assert(code === 2, `${sql}: exit code ${code}, ${stdout}`);
        assertEquals([stdout, stderr.trimEnd().split("\n").length], ["", 1], `${sql}: ${stderr}`);
        assert(stderr.startsWith("error: "), stderr);
        assert(!stderr.includes("opensesame"), sql);
      }
    };
    await Promise.all([worker(), worker()]);
    assertEquals(contentsOf(folder), before);
  }));

Deno.test("with --out, too, a statement writes nothing but that file", () =>
  inFolder(async (folder) => {
    writeSample(folder);
    const before = contentsOf(folder);
    const statements = [
      `copy train to '${folder}/results/a.csv'`,
      `explain analyze copy train to '${folder}/results/a.csv'`,
      `select 1) to '${folder}/results/a.csv' (format csv); --`,
      `select 1; copy train to '${folder}/results/a.csv'`,
      `select * from read_text('${folder}/results/out.parquet')`,
      `explain select 1`,
    ];
    for (const sql of statements) {
      const { code, stderr } = await query(folder, ["--out=results/out.parquet", sql]);
      assertEquals([code, stderr.trimEnd().split("\n").length], [2, 1], `${sql}: ${stderr}`);
    }
    assertEquals(contentsOf(folder), before);
  }));
