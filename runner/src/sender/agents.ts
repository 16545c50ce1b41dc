/** The connections to endpoints, kept apart by how they prove who is at their ends. */
import type { Dispatcher } from "undici";
import type { Outgoing } from "../ports/sender.ts";

/** With an authority of its own, each one takes 1.3 MB and 14 ms (measured). */
const MAX_OTHERS = 50;

type Tls = Pick<Outgoing, "verifyTls" | "clientCertificate">;

export interface Agents {
  of(tls: Tls): Dispatcher;
  destroy(): Promise<void>;
}

/**
 * Requests with another client certificate, or with none, or that accept any certificate of the endpoint, never
 * share a connection. Beyond the limit, the agent that was not used for longest ends when its requests have ended.
 */
export function createAgents(create: (tls: Tls) => Dispatcher, maxOthers = MAX_OTHERS): Agents {
  const usual = create({});
  /** The one used last is the last. */
  const others = new Map<string, Dispatcher>();

  return {
    of({ verifyTls = true, clientCertificate }) {
      if (verifyTls && clientCertificate === undefined) return usual;
      const key = `${verifyTls} ${clientCertificate?.cert}`;
      const agent = others.get(key) ?? create({ verifyTls, clientCertificate });
      others.delete(key);
      others.set(key, agent);
      if (others.size > maxOthers) {
        const oldest = others.keys().next().value ?? "";
        void others.get(oldest)?.close();
        others.delete(oldest);
      }
      return agent;
    },
    async destroy() {
      await Promise.all([usual, ...others.values()].map((agent) => agent.destroy()));
    },
  };
}
