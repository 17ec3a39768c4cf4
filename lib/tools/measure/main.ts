/** `./lab measure CHECKPOINTS…`: see `measure.ts`. */
import { main } from "../../run/main.ts";
import { measureCheckpoints } from "./measure.ts";

if (import.meta.main) await main(measureCheckpoints);
