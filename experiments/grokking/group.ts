/** Modular arithmetic as a cyclic group: in logarithms, multiplication and division are addition and subtraction. */
import type { ModularOperation } from "../../lib/tasks/mod.ts";

/** A cyclic group of m elements behind an operation modulo p. */
export interface CyclicGroup {
  /** Number of elements: p, or p − 1 for multiplication and division. */
  readonly order: number;
  /** Element of every number below p; −1 for 0 under multiplication, which is none. */
  readonly element: readonly number[];
  /** Element of a result from those of a and b. */
  combine(a: number, b: number): number;
}

/**
 * The group in which an operation is addition or subtraction modulo m.
 *
 * @param p A prime.
 * @param operation Which operation.
 * @returns For addition and subtraction the numbers themselves; else logarithms to the smallest primitive root.
 */
export function cyclicGroup(p: number, operation: ModularOperation): CyclicGroup {
  const minus = operation === "subtract" || operation === "divide";
  const additive = operation === "add" || operation === "subtract";
  const order = additive ? p : p - 1;
  const combine = (a: number, b: number) => (a + (minus ? order - b : b)) % order;
  if (additive) return { order, element: Array.from({ length: p }, (_, number) => number), combine };
  for (let root = 1; root < p; root++) {
    const element = new Array<number>(p).fill(-1);
    let power = 1;
    for (let e = 0; e < order && element[power] < 0; e++) {
      element[power] = e;
      power = power * root % p;
    }
    if (element.every((e, number) => number === 0 || e >= 0)) return { order, element, combine };
  }
  throw new RangeError(`cyclicGroup: expected a prime, found ${p}`);
}
