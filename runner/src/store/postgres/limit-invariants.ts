import { limitInvariants } from "../shared/limit-invariants.ts";

export const LIMIT_INVARIANTS = limitInvariants({
  due: "due",
  limitOf: (field) => `limits::json -> completed_steps ->> '${field}'`,
});
