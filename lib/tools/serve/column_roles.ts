/**
 * Which column of a log is a position, which a value, and which tell curves apart.
 *
 * @module
 */
import type { Columns } from "../../run/columns.ts";

/** Columns of a kind of row by what they are for. */
export interface Roles {
  /** Position. */
  readonly x: string;
  /** Values, each a curve of its own. */
  readonly values: readonly string[];
  /** Columns that tell figures apart. */
  readonly facets: readonly string[];
  /** Columns that tell the curves of a figure apart. */
  readonly groups: readonly string[];
  /** Name of the column that names a theory; null where the rows are measured. */
  readonly theory: string | null;
}

const REPLICAS = ["replica", "seed"];

/**
 * The roles of the columns of a kind of row.
 *
 * A position is called `step` or `x`, or is the first whole number that is no replica; replicas are drawn together; text
 * tells figures apart, but for `series`, which like whole numbers tells curves of one figure apart, and `theory`, whose
 * curves stand beside the measured ones; numbers are values, but those written before the replica are conditions that were
 * set.
 *
 * @param columns Columns as the manifest declares them, in their order.
 * @returns Their roles; `null` for rows without a position or a value.
 */
export function rolesOf(columns: Columns): Roles | null {
  const names = Object.keys(columns);
  const type = (name: string) => columns[name].type;
  const replica = names.findIndex((name) => REPLICAS.includes(name));
  const x = ["step", "x"].find((name) => names.includes(name) && type(name) !== "text") ??
    names.find((name) => type(name) === "int" && !REPLICAS.includes(name));
  if (x === undefined) return null;
  const others = names.filter((name) => name !== x && !REPLICAS.includes(name));
  const values = others.filter((name) => type(name) === "float" && names.indexOf(name) > replica);
  const facets = others.filter((name) => type(name) === "text" && name !== "series" && name !== "theory");
  const theory = others.includes("theory") && type("theory") === "text" ? "theory" : null;
  const groups = others.filter((name) => name !== theory && !values.includes(name) && !facets.includes(name));
  return values.length === 0 ? null : { x, values, facets, groups, theory };
}
