/** Numbers that may differ from replica to replica. */

/** One number for all replicas, or one for each (R). */
export type PerReplica = number | readonly number[];
