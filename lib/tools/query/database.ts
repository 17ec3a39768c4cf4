/**
 * A DuckDB in memory that holds runs and can do nothing but answer: no file, no network, no extension, no setting.
 *
 * @module
 */
import { type DuckDBConnection, DuckDBInstance, type DuckDBPreparedStatement, StatementType } from "@duckdb/node-api";
import { RunError, UserError } from "../../io/errors.ts";
import type { FoundRun } from "../../run/find_runs.ts";
import { loadRuns, type Warn } from "./load.ts";

/** A column of an answer. */
export interface AnswerColumn {
  /** Its name. */
  readonly name: string;
  /** Its type as DuckDB writes it: `BIGINT`, `DOUBLE`, `JSON`, … */
  readonly type: string;
}

/** A cell of an answer: what JavaScript has for it. */
export type Cell = null | string | number | bigint | boolean | Date | readonly Cell[] | {
  readonly [key: string]: Cell;
};

/** The answer to a statement, row by row. */
export interface Answer {
  /** Its columns; names may repeat. */
  readonly columns: readonly AnswerColumn[];
  /** Its rows in their order, in parts; read once. */
  readonly rows: AsyncIterable<readonly (readonly Cell[])[]>;
}

/** Runs that can be asked. */
export class RunDatabase implements Disposable {
  readonly #instance: DuckDBInstance;
  readonly #connection: DuckDBConnection;

  private constructor(instance: DuckDBInstance, connection: DuckDBConnection) {
    this.#instance = instance;
    this.#connection = connection;
  }

  /**
   * Reads runs into memory and then closes every way out.
   *
   * @param runs Runs to read.
   * @param warn Told of what is left out.
   * @param writable The one file that {@linkcode RunDatabase.writeParquet} may write; none unless given.
   * @returns The database.
   */
  static async open(runs: readonly FoundRun[], warn: Warn, writable?: string): Promise<RunDatabase> {
    const instance = await DuckDBInstance.create(":memory:", {
      autoinstall_known_extensions: "false",
      autoload_known_extensions: "false",
      allow_community_extensions: "false",
      // Without a folder for what does not fit into memory, nothing is written that nobody asked for.
      temp_directory: "",
    });
    const connection = await instance.connect();
    try {
      await loadRuns(connection, runs, warn);
      if (writable !== undefined) {
        await connection.run(`set allowed_paths = ['${writable.replaceAll("'", "''")}']`);
      }
      await connection.run("set enable_external_access = false; set lock_configuration = true");
    } catch (error) {
      connection.closeSync();
      instance.closeSync();
      throw error;
    }
    return new RunDatabase(instance, connection);
  }

  /**
   * Asks one question.
   *
   * @param sql One statement that reads: `select`, `with`, `from`, `describe`, `show tables`, `summarize`, `explain`.
   * @returns Its answer.
   * @throws {UserError} If it is no such statement, or DuckDB refuses it.
   */
  async ask(sql: string): Promise<Answer> {
    const statement = await this.#prepare(sql);
    const result = await statement.stream().catch(refused);
    const types = result.columnTypes();
    const columns = result.columnNames().map((name, index) => ({
      name,
      type: types[index].alias ?? `${types[index]}`,
    }));
    return { columns, rows: rowsOf(result.yieldRowsJs()) };
  }

  /**
   * Writes the answer to a question as Parquet.
   *
   * @param sql As in {@linkcode RunDatabase.ask}, but no `explain`.
   * @param path The file that was named when the database was opened.
   * @throws {UserError} If the statement is refused.
   */
  async writeParquet(sql: string, path: string): Promise<void> {
    const { statementType } = await this.#prepare(sql);
    if (statementType !== StatementType.SELECT) throw new UserError("expected a select for Parquet, found an explain");
    await this.#connection.run(`create temp view answer as ${sql}`).catch(refused);
    await this.#connection.run(`copy (from answer) to '${path.replaceAll("'", "''")}' (format parquet)`).catch(refused);
  }

  async #prepare(sql: string): Promise<DuckDBPreparedStatement> {
    const statements = await this.#connection.extractStatements(sql).catch(refused);
    if (statements.count !== 1) {
      const hint = /\bpivot\b/i.test(sql)
        ? "; a pivot is one statement where its values are named: on x in (1, 2)"
        : "";
      throw new UserError(`expected one statement, found ${statements.count}${hint}`);
    }
    const statement = await statements.prepare(0).catch((error) => this.#explained(error));
    const { statementType } = statement;
    if (statementType !== StatementType.SELECT && statementType !== StatementType.EXPLAIN) {
      throw new UserError(`expected a statement that reads, as select does; found ${StatementType[statementType]}`);
    }
    return statement;
  }

  /** DuckDB compares an unknown table with its own catalogue: what is here helps more. */
  async #explained(error: unknown): Promise<never> {
    const unknown = /Table with name (\S+) does not exist/.exec(error instanceof Error ? error.message : "");
    if (unknown === null) refused(error);
    const tables = await this.#connection.runAndReadAll("select table_name from duckdb_tables() order by 1");
    const names = tables.getRowObjectsJson().map(({ table_name }) => String(table_name));
    throw new UserError(`expected one of the tables ${names.join(", ")}, found ${unknown[1]}`);
  }

  /** Frees what it holds. */
  [Symbol.dispose](): void {
    this.#connection.closeSync();
    this.#instance.closeSync();
  }
}

async function* rowsOf(parts: AsyncIterable<unknown[][]>): AsyncGenerator<Cell[][]> {
  try {
    // JavaScript's values of DuckDB's: what is none of Cell (bytes, intervals) is written as text by those who print.
    for await (const part of parts) yield part as Cell[][];
  } catch (error) {
    refused(error);
  }
}

/** DuckDB's messages have a first line that says it all, then a hint, then a picture of the place. */
function refused(error: unknown): never {
  const text = error instanceof Error ? error.message : String(error);
  // What the binding says of a text without a statement.
  if (text === "Error in native callback") throw new UserError("expected one statement, found none");
  const [head, ...rest] = text.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  const hint = rest.find((line) => /^(Did you mean|Candidate)/.test(line));
  const place = rest.find((line) => /^LINE \d+:/.test(line));
  const line = [head.replace(/^Failed to extract statements: /, ""), hint, place].filter((part) => part).join("; ");
  if (/^Out of Memory/i.test(head)) throw new RunError(`DuckDB: ${line}`);
  throw new UserError(`DuckDB: ${line}`);
}
