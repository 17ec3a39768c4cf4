/**
 * The trainings of a run in its checkpoints: which have ended, and the state of the one under way.
 *
 * @module
 */
import type { Phases, PhaseState } from "../study/follow.ts";
import type { Snapshots } from "../study/snapshots.ts";
import type { Checkpoints, RunState } from "./run_checkpoints.ts";

/** Losses of the steps since the last report. */
const LOSSES = "run.follow.losses";

interface Finished {
  readonly label: string;
  readonly steps: number;
}

/** The training in which a run goes on. */
interface Restored {
  readonly label: string;
  readonly state: PhaseState;
  readonly losses: Float32Array[];
  readonly over: boolean;
}

/** Trainings one after the other, as a run and its checkpoints know them. */
export class RunPhases implements Phases {
  readonly #finished: Finished[];
  readonly #done: ReadonlySet<string>;
  /** The training within which the run goes on. */
  readonly #restored: Restored | null;

  /**
   * @param checkpoints Saves states.
   * @param snapshots Arrays that every checkpoint holds.
   * @param saved The state to go on from; `null` for a run that begins.
   */
  constructor(
    readonly checkpoints: Checkpoints,
    readonly snapshots: Snapshots,
    saved: Required<RunState> | null,
  ) {
    this.#finished = saved?.metadata.phases === undefined ? [] : JSON.parse(saved.metadata.phases);
    this.#done = new Set(this.#finished.map(({ label }) => label));
    const label = saved?.metadata.phase;
    if (!saved || label === undefined) {
      this.#restored = null;
      return;
    }
    const arrays = saved.tensors.map(({ name, shape, data }) => ({ name, shape, data: data as Float32Array }));
    const pending = arrays.find(({ name }) => name === LOSSES);
    const [count, R] = pending?.shape ?? [0, 0];
    this.#restored = {
      label,
      state: {
        step: Number(saved.metadata.phaseStep),
        // A training's own arrays may be called run.… too: of these only what is kept here is taken out.
        tensors: arrays.filter(({ name }) => name !== LOSSES && !name.startsWith("run.snapshots.")),
      },
      losses: Array.from({ length: count }, (_, row) => pending!.data.slice(row * R, (row + 1) * R)),
      over: saved.metadata.phaseOver === "true",
    };
  }

  /**
   * State that a training goes on from.
   *
   * @param label The training.
   * @returns The state; undefined where the training begins, or has ended.
   */
  restored(label: string): PhaseState | undefined {
    return this.isRestored(label) ? this.#restored!.state : undefined;
  }

  isDone(label: string): boolean {
    return this.#done.has(label);
  }

  isRestored(label: string): boolean {
    return this.#restored?.label === label;
  }

  isOver(label: string): boolean {
    return this.isRestored(label) && this.#restored!.over;
  }

  begin(label: string, step: number): void {
    if (this.#finished.some((phase) => phase.label === label)) {
      throw new Error(`expected trainings with distinct labels, found "${label}" twice`);
    }
    const then = this.restored(label)?.step;
    if (then !== undefined && then !== step) {
      throw new Error(
        `expected training "${label}" to go on from step ${then}, where the run was, found it at step ${step}; ` +
          `give it from: run.restored("${label}")`,
      );
    }
  }

  pendingLosses(label: string): Float32Array[] {
    return this.isRestored(label) ? [...this.#restored!.losses] : [];
  }

  due(last: number): readonly number[] {
    const { every } = this.checkpoints;
    if (every === 0) return [];
    const before = this.#before();
    const steps: number[] = [];
    for (let at = (Math.floor(before / every) + 1) * every; at - before <= last; at += every) steps.push(at - before);
    return steps;
  }

  save(label: string, { step, tensors }: PhaseState, losses: readonly Float32Array[], over: boolean): void {
    if (this.checkpoints.every === 0) return;
    const data = Float32Array.from(losses.flatMap((row) => [...row]));
    const parameter = tensors.find(({ name }) => !name.startsWith("optimizer.") && !name.startsWith("run."));
    this.checkpoints.save({
      step: this.#before() + step,
      replicas: parameter?.shape[0],
      tensors: [
        ...tensors,
        ...(losses.length > 0 ? [{ name: LOSSES, shape: [losses.length, losses[0].length], data }] : []),
        ...this.snapshots.tensors(),
      ],
      metadata: {
        phases: JSON.stringify(this.#finished),
        phase: label,
        phaseStep: String(step),
        ...(over && { phaseOver: "true" }),
      },
    });
  }

  finish(label: string, steps: number): void {
    this.#finished.push({ label, steps });
  }

  /** Steps of the trainings that have ended. */
  #before(): number {
    return this.#finished.reduce((sum, { steps }) => sum + steps, 0);
  }
}
