import { limitInvariants } from "../shared/limit-invariants.ts";

export const LIMIT_INVARIANTS = limitInvariants({
  due: "due = 1",
  limitOf: (field) => `limits ->> ('$[' || completed_steps || '].${field}')`,
});
