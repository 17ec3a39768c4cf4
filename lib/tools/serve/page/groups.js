/** Runs side by side: in which options they differ, which are one thing under several seeds, and what a group is called. */

/** Options that shape no result. */
const TALK = ["quiet", "debug", "png", "out", "checkpoint-every", "checkpoint-keep"];
const SEED = "seed";

/** Options of a run that shape its result, with what made it. */
export function shapingOf({ record }) {
  const options = Object.entries(record.configuration).filter(([name]) => !TALK.includes(name));
  return { experiment: record.experiment, ...Object.fromEntries(options) };
}

/** Names of the options in which runs differ, the seed last. */
export function differing(runs) {
  const shapes = runs.map(shapingOf);
  const names = [...new Set(shapes.flatMap((shape) => Object.keys(shape)))];
  const differ = names.filter((name) => new Set(shapes.map((shape) => shape[name])).size > 1);
  return [...differ.filter((name) => name !== SEED), ...differ.filter((name) => name === SEED)];
}

/**
 * Runs in groups that are drawn as one.
 *
 * @param {object[]} runs `{ label, record }`
 * @param {"run" | "seeds" | "option"} by each run alone; those that differ in the seed alone together; those that share the
 *   value of an option together
 * @param {string} option of `by: "option"`, or the one that colours groups
 * @returns {{ name: string, runs: object[] }[]} groups in the order of their names
 */
export function groupsOf(runs, by, option) {
  if (by === "run") return runs.map((run) => ({ name: run.label, runs: [run] }));
  const names = differing(runs).filter((name) => name !== SEED);
  const groups = new Map();
  for (const run of runs) {
    const { [SEED]: seed, ...shape } = shapingOf(run);
    const key = by === "option" ? String(shapingOf(run)[option] ?? "–") : JSON.stringify(Object.entries(shape).sort());
    // The same seed again is the same run again: no further replica.
    let own = key;
    if (by === "seeds") {
      for (let copy = 2; groups.get(own)?.seeds.includes(seed ?? run.label); copy++) own = `${key} ${copy}`;
    }
    const group = groups.get(own) ?? { runs: [], seeds: [], value: key };
    groups.set(own, group);
    group.runs.push(run);
    group.seeds.push(seed ?? run.label);
  }
  const found = [...groups.values()].map(({ runs, value }) => ({
    runs,
    name: by === "option" ? `${option} ${value}` : runs.length === 1 ? runs[0].label : nameOf(runs[0], names),
  }));
  if (by === "option") return found.sort((a, b) => byValue(a.name, b.name));
  found.sort((a, b) => byValue(a.name, b.name));
  const uses = Map.groupBy(found, ({ name }) => name);
  return found.map((group) => {
    const same = uses.get(group.name);
    return same.length === 1 ? group : { ...group, name: `${group.name} (${same.indexOf(group) + 1})` };
  });
}

function nameOf(run, names) {
  const shape = shapingOf(run);
  const parts = names.filter((name) => shape[name] !== undefined).map((name) =>
    name === "experiment" ? shape[name] : `${name} ${shape[name]}`
  );
  return parts.length === 0 ? run.record.experiment : parts.join(", ");
}

const NUMBER = /(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)/i;

/** Order of names: the numbers in them by their size, 0.02 before 0.1. */
export function byValue(a, b) {
  const [first, second] = [a.split(NUMBER), b.split(NUMBER)];
  for (let index = 0; index < Math.min(first.length, second.length); index++) {
    const difference = index % 2 === 1
      ? Number(first[index]) - Number(second[index])
      : first[index].localeCompare(second[index], "en");
    if (difference !== 0) return difference;
  }
  return first.length - second.length;
}
