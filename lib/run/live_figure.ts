/**
 * A figure that moves in a notebook of `deno jupyter`.
 *
 * @module
 */
import { notebookForms } from "../figures/notebook.ts";
import type { Spec } from "../figures/spec.ts";
import { UserError } from "../io/errors.ts";

/** Sends a message to all front ends of a notebook. */
export type Broadcast = (type: string, content: Readonly<Record<string, unknown>>) => Promise<void>;

/**
 * A figure below a notebook's cell, replaced in place whenever it is shown again.
 *
 * @example
 * ```ts ignore
 * const live = new lab.LiveFigure();
 * for await (const report of training.run({ reports })) {
 *   // … adds to lines …
 *   await live.show(lab.curves({ title: "Loss", lines, y: { title: "loss" } }));
 * }
 * ```
 */
export class LiveFigure {
  readonly #id: string = `figure-${crypto.randomUUID()}`;
  readonly #broadcast: Broadcast;
  #isShown = false;

  /**
   * Makes a figure that is not shown yet.
   *
   * @param broadcast Sends messages; the kernel's own unless given.
   * @throws {UserError} If this process is no kernel.
   */
  constructor(broadcast: Broadcast = kernelBroadcast()) {
    this.#broadcast = broadcast;
  }

  /**
   * Shows a figure in place of the one before.
   *
   * @param spec A specification with inline data; nothing is shown for null, which figures without rows are.
   * @throws {FigureError} If it cannot be drawn as it is meant.
   */
  async show(spec: Spec | null): Promise<void> {
    if (spec === null) return;
    const content = { data: await notebookForms(spec), metadata: {}, transient: { display_id: this.#id } };
    await this.#broadcast(this.#isShown ? "update_display_data" : "display_data", content);
    this.#isShown = true;
  }
}

function kernelBroadcast(): Broadcast {
  try {
    const { jupyter } = Deno as unknown as { readonly jupyter: { readonly broadcast: Broadcast } };
    return (type, content) => jupyter.broadcast(type, content);
  } catch {
    throw new UserError("expected a notebook of deno jupyter for a live figure, found another program");
  }
}
