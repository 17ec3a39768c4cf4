/** Rows of the log. */
import { column } from "../../lib/run/mod.ts";

/** Kinds of row in the log. */
export const columns = {
  train: {
    step: column.int("steps", "full-batch steps taken"),
    replica: column.int("", "index of the replica in the ensemble"),
    condition: column.text("main, or the control"),
    seed: column.int("", "seed of initial weights and of the split"),
    trainLoss: column.float("nats", "cross-entropy on the training pairs"),
    testLoss: column.float("nats", "cross-entropy on all other pairs"),
    trainAccuracy: column.float("", "share of training pairs that are right"),
    testAccuracy: column.float("", "share of other pairs that are right"),
    norm2: column.float("", "sum of all squared weights"),
  },
  measure: {
    step: column.int("steps", "full-batch steps taken"),
    replica: column.int("", "index of the main replica"),
    quantity: column.text(
      "restricted loss (of all pairs, of test pairs), excluded loss, gini embedding, gini logits, explained; effective rank, distance (to the final subspace) and angle (mean principal angle to it, rad) of QK, OV (means over heads), mlp in, mlp out, embedding, unembedding",
    ),
    value: column.float("", "the value"),
  },
  spectrum: {
    step: column.int("steps", "full-batch steps taken"),
    replica: column.int("", "index of the main replica"),
    frequency: column.int("", "frequency k of the group's characters"),
    embedding: column.float("", "share of the embedding's power at k"),
    logits: column.float("", "share of the logits' power in cos and sin of k times the result"),
  },
  key: {
    replica: column.int("", "index of the main replica"),
    frequency: column.int("", "a key frequency of the final model"),
    neurons: column.float("", "share of the live neurons with more than 85 % of their variance at it"),
  },
  branch: {
    from: column.int("steps", "checkpoint at which the intervention began"),
    step: column.int("steps", "full-batch steps since the start of training, those before the branch included"),
    intervention: column.text("freeze final, freeze random, redraw final or redraw random"),
    replica: column.int("", "index of the main replica that it branched off"),
    testLoss: column.float("nats", "cross-entropy on the other pairs"),
    testAccuracy: column.float("", "share of other pairs that are right"),
  },
  coefficient: {
    step: column.int("steps", "full-batch steps taken at the snapshot"),
    replica: column.int("", "index of the replica in the ensemble"),
    condition: column.text("main, or the control"),
    value: column.float("", "local learning coefficient of the training loss, mean over chains"),
    least: column.float("", "the smallest of a chain"),
    most: column.float("", "the largest of a chain"),
    loss: column.float("nats", "training loss of the snapshot"),
    rHat: column.float("", "split R̂ over chains"),
    warnings: column.text("drift, disagreement or a fall below the snapshot's loss, in words; empty if none was found"),
  },
  sampler: {
    chains: column.int("", "chains of each estimate"),
    burnIn: column.int("steps", "steps of a chain that do not count"),
    draws: column.int("steps", "steps of a chain that count"),
    lr: column.float("", "step size η"),
    nBeta: column.float("", "examples times inverse temperature nβ"),
    pull: column.float("", "localisation γ"),
  },
};
