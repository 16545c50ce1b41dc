import type { DeclaredLimit } from "../../domain/plugin-limits.ts";

export interface LimitWrites {
  /** Stores limits in place of those with the same name. Later claims keep to them. */
  declareLimits(limits: readonly DeclaredLimit[]): Promise<void>;
}
